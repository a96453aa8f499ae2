// Thousands of requests that nobody thought of: whatever comes in, what goes out fits the contract.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import test from '../flow/support/test.mjs';
import { broken, right, wrong } from './support/arbitrary.mjs';
import { startSandbox } from './support/contract.mjs';

// A failure names its seed; UNSTUCK_SEED repeats it.
const seed = Number(process.env.UNSTUCK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SECONDS = 20;

function holds(runs, arbitrary, property) {
    return fc.assert(fc.asyncProperty(arbitrary, property),
        { seed, numRuns: runs, interruptAfterTimeLimit: SECONDS * 1000, endOnFailure: true });
}

// Suppressions stand apart: they would refuse what the others ask for.
function bodiesOf(contract, areSuppressions = false) {
    return contract.operations().filter(({ path, operation }) => operation.requestBody && (path === '/suppressions') === areSuppressions)
        .map(({ method, path, operation }) => ({ method, path: path.replace('{channel}', 'work_email'), schema: operation.requestBody.content['application/json'].schema }));
}

// What is wrong with one of a list is told in its place: here each is right.
function withoutItems(body) {
    if (Array.isArray(body?.records))
        return { ...body, records: body.records.map(() => ({})) };
    if (Array.isArray(body?.outcomes))
        return { ...body, outcomes: body.outcomes.map(() => ({ record_id: 'lead_0123456789abcdefghijkl', channel: 'phone', event: 'replied' })) };
    return body;
}

async function ask(contract, server, { method, path }, body, headers) {
    const answer = await contract.ask(server.client, method, path, { body, headers });
    assert.ok(answer.status < 500, `${answer.status}: ${answer.text}`);
    return answer;
}

test('right bodies are answered as the contract says', async (t) => {
    const { server, contract } = await startSandbox(t, { credits: 100000000 });
    const any = fc.oneof(...bodiesOf(contract).map((each) => right(contract, each.schema).map((body) => [each, body])));
    await holds(1500, any, async ([each, body]) => {
        await ask(contract, server, each, body);
    });
});

test('wrong bodies are refused, with a problem', async (t) => {
    const { server, contract } = await startSandbox(t, { credits: 100000000 });
    const any = fc.oneof(...bodiesOf(contract).map((each) => wrong(contract, each.schema).map((body) => [each, body])));
    await holds(1500, any, async ([each, body]) => {
        const { status } = await ask(contract, server, each, body);
        if (!contract.accepts(each.schema, withoutItems(body)))
            assert.ok(status >= 400, `${status} for what the schema does not allow`);
    });
});

test('bodies that are broken JSON are refused or understood, never more', async (t) => {
    const { server, contract } = await startSandbox(t, { credits: 100000000 });
    const any = fc.oneof(...bodiesOf(contract).map((each) => broken(contract, each.schema).map((body) => [each, body])));
    await holds(600, any, async ([each, body]) => {
        await ask(contract, server, each, body);
    });
});

test('right, wrong and broken suppressions are answered as the contract says', async (t) => {
    const { server, contract } = await startSandbox(t);
    const [each] = bodiesOf(contract, true);
    const any = fc.oneof(right(contract, each.schema), wrong(contract, each.schema), broken(contract, each.schema));
    await holds(600, any, async (body) => {
        const { status } = await ask(contract, server, each, body);
        assert.ok(status < 300 || status === 400 || status === 422, `${status}`);
        if (!Buffer.isBuffer(body) && !contract.accepts(each.schema, body))
            assert.ok(status >= 400, `${status} for what the schema does not allow`);
    });
    const table = fc.array(fc.tuple(fc.constantFrom('email', 'linkedin_url', 'domain', 'x', 'ann@ex.org', '"', 'no'), fc.string({ maxLength: 20, unit: 'grapheme' })), { maxLength: 20 });
    await holds(600, table, async (rows) => {
        const body = rows.map((row) => row.join(',')).join('\n');
        await ask(contract, server, each, body, { 'content-type': 'text/csv' });
    });
});

test('any id, query and Idempotency-Key is answered as the contract says', async (t) => {
    const { server, contract } = await startSandbox(t);
    const { json } = await server.enrich({ email: 'hit@sandbox.example' });
    const id = fc.oneof(fc.constant(json.record_id), fc.webSegment().filter((text) => !['', '.', '..'].includes(text)));
    const query = fc.oneof(fc.constant(''), fc.webQueryParameters().map((text) => `?${text}`), fc.integer().map((n) => `?cursor=${n}`),
        fc.tuple(fc.constantFrom('from', 'to'), fc.date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('2200-01-01') }))
            .map(([name, date]) => `?${name}=${date.toISOString().slice(0, 10)}`),
        fc.tuple(fc.constantFrom('email', 'linkedin_url', 'domain'), fc.webSegment()).map(([name, text]) => `?${name}=${text}`));
    const method = fc.constantFrom(...contract.operations().filter(({ method }) => method === 'GET').map(({ path }) => path));
    await holds(200, fc.tuple(method, id, query), async ([path, anyId, anyQuery]) => {
        const answer = await contract.ask(server.client, 'GET', path.replace(/\{\w+\}/, anyId) + anyQuery);
        assert.ok(answer.status < 500);
    });
    const visible = fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom(...'ab01"\\ -;=') }).filter((text) => text.trim() === text);
    await holds(100, visible, async (text) => {
        await ask(contract, server, { method: 'POST', path: '/enrichment' }, { email: 'hit@sandbox.example' }, { 'idempotency-key': text });
    });
});
