// node:test with a deadline for every test: one that hangs fails alone, not its whole file.
import nodeTest from 'node:test';

const SECONDS = process.env.UNSTUCK_MODE === 'asan' ? 90 : 30;

export default function test(name, ...rest) {
    const run = rest.pop();
    return nodeTest(name, { timeout: SECONDS * 1000, ...rest[0] }, run);
}
