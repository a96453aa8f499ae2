// How long the loop is busy with one long answer: from its bytes to the values of all channels (tests/bench/reading.c).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { row } from '../support/load.mjs';

export default async function reading() {
    const { stdout } = await promisify(execFile)('build/release/bench/reading');
    const { bytes, reading_us, parsing_us } = JSON.parse(stdout);
    return [row(`a person of ${Math.round(bytes / 1024)} KB, from the answer to values`,
        `${reading_us.toFixed(0)} µs; jansson takes ${parsing_us.toFixed(0)} µs to parse the same`,
        'under 150 µs', reading_us < 150)];
}
