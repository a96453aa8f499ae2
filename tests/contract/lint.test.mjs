// The contract is sound by a linter that others wrote, and says what the tables of the code say.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from '../flow/support/test.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const doc = JSON.parse(await readFile(here('../../src/api/openapi.json'), 'utf8'));
const operations = Object.entries(doc.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation]));

async function table(file, pattern) {
    return [...(await readFile(here(`../../src/${file}`), 'utf8')).matchAll(pattern)];
}

test('redocly lint finds no error and no warning', async () => {
    const output = await new Promise((done) => {
        const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
        execFile(process.execPath, [here('node_modules/@redocly/cli/bin/cli.js'), 'lint', '--format', 'stylish',
            '--config', here('redocly.yaml'), here('../../src/api/openapi.json')], { env },
        (error, stdout, stderr) => done({ code: error?.code ?? 0, text: stdout + stderr }));
    });
    assert.equal(output.code, 0, output.text);
    assert.match(output.text, /is valid/);
    assert.doesNotMatch(output.text, /\d+ (warning|error)/);
});

test('every route is an operation, and every operation a route', async () => {
    const routes = (await table('api/routes.def', /^ROUTE\("(\w+)", +"([^"]+)"/gm)).map(([, method, path]) => `${method} ${path}`);
    assert.ok(routes.length > 10);
    assert.deepEqual(operations.map(([name]) => name).sort(), routes.sort());
});

test('a route without a key is an operation without security, and only that', async () => {
    const routes = await table('api/routes.def', /^ROUTE\("(\w+)", +"([^"]+)", +\w+, +(\w+)/gm);
    const byRoute = Object.fromEntries(routes.map(([, method, path, permission]) => [`${method} ${path}`, permission]));
    for (const [name, operation] of operations)
        assert.equal(operation.security?.length === 0, byRoute[name] === '0', name);
});

test('every error is in the contract with its status and title, and no other', async () => {
    const errors = (await table('base/err.def', /^ERR\(\w+, +([1-9]\d*), "(\w+)", +(true|false), +"(.*)"\)/gm))
        .map(([, status, code, retryable, title]) => ({ status: Number(status), code, retryable: retryable === 'true', title }));
    const documented = Object.values(doc.components.responses).flatMap((response) =>
        Object.entries(response.content['application/problem+json'].examples).map(([code, { value }]) => {
            assert.equal(value.code, code);
            return { status: value.status, code, retryable: value.retryable, title: value.title };
        }));
    const byCode = (a, b) => a.code.localeCompare(b.code);
    assert.deepEqual(documented.sort(byCode), errors.sort(byCode));
    assert.deepEqual([...doc.components.schemas.Problem.properties.code.enum].sort(), errors.map((error) => error.code).sort());
    for (const [key, response] of Object.entries(doc.components.responses)) {
        for (const { value } of Object.values(response.content['application/problem+json'].examples))
            assert.equal(key, `E${value.status}`);
    }
});

test('every operation has an example of every body, and takes an Idempotency-Key where it is a POST', () => {
    for (const [name, operation] of operations) {
        const contents = [operation.requestBody, ...Object.values(operation.responses)].filter((each) => each?.content);
        for (const { content } of contents)
            assert.ok(Object.values(content).every(({ examples }) => Object.keys(examples).length > 0), name);
        const takesKey = operation.parameters.some(({ $ref }) => $ref.endsWith('/IdempotencyKey'));
        assert.equal(takesKey, name.startsWith('POST '), name);
    }
});
