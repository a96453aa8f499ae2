// Every operation and every documented status, asked by a program that others wrote (redocly respect over workflows/),
// and what no client library would send by hand. What is documented and was not seen must be excused below.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import test from '../flow/support/test.mjs';
import { startProvider, gate, miss } from '../flow/support/provider.mjs';
import { startSandbox, wideLimits } from './support/contract.mjs';
import { respect } from './support/respect.mjs';
import { askRaw, transportRequests } from './support/transport.mjs';

const workflows = new URL('workflows/', import.meta.url);
const doc = JSON.parse(await readFile(new URL('../../src/api/openapi.json', import.meta.url), 'utf8'));
const operationIds = Object.values(doc.paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId));

// Documented, and not to be provoked from outside.
const NOT_PROVOKED = {
    '500': 'is for mistakes of ours',
    '503': 'needs a store that fails or a server at its end: tests/faults provokes it',
    'getRecord 403': 'every scope may read', 'getAttempts 403': 'every scope may read', 'getCredits 403': 'every scope may read',
    'getLedger 403': 'every scope may read', 'getUsage 403': 'every scope may read', 'getSuppressions 403': 'every scope may read',
    'listRecords 403': 'every scope may read', 'getWaterfall 403': 'every scope may read',
    'tellOutcomes 409': 'takes the same key twice at a time',
    'deleteVerificationWebhook 409': 'takes one that is being saved: tests/flow provokes it',
    'setVerificationWebhook 409': 'takes two at a time', 'makeWebhook 409': 'takes ten, or two at a time: tests/flow provokes it',
    'testVerificationWebhook 409': 'takes the same key twice at a time', 'testWebhook 409': 'takes the same key twice at a time',
    'redeliverVerification 409': 'takes the same key twice at a time',
    'testVerificationWebhook 422': 'takes a key used for something else', 'testWebhook 422': 'takes a key used for something else',
    'redeliverVerification 422': 'takes a key used for something else',
    'reload 409': 'takes the same key twice at a time', 'reload 422': 'takes another configuration: tests/flow/reload writes it',
    'suppress 409': 'takes a million suppressions, or the same key twice at a time',
};

// "operationId status" of all that was answered, by the tests below in their order.
const seen = new Set();

function note(contract, asked) {
    for (const { method, target, status } of asked)
        seen.add(`${contract.operation(method, target).operationId} ${status}`);
}

async function makeKey(server, name) {
    const { status, json } = await server.client.request('POST', '/keys', { body: { name, scope: 'read' } });
    assert.equal(status, 201);
    return json.secret;
}

test('every operation stands in a workflow', async () => {
    const files = (await readdir(workflows)).filter((name) => name.endsWith('.arazzo.yaml'));
    const text = (await Promise.all(files.map((name) => readFile(new URL(name, workflows), 'utf8')))).join('\n');
    const asked = new Set([...text.matchAll(/\boperationId: (\w+)/g)].map(([, id]) => id));
    assert.deepEqual([...asked].sort(), [...operationIds].sort());
});

test('redocly respect finds the sandbox as its contract says', async (t) => {
    const hook = await startProvider(t, 'hook', () => ({ json: { valid: true } }));
    const { server, contract } = await startSandbox(t, { config: { ...wideLimits, outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } } });
    const own = (await server.client.get('/keys')).json.keys[0].key_id;
    const inputs = { full: server.key, reader: await makeKey(server, 'reader'), own, hook: hook.url };
    note(contract, await respect(server, contract, 'sandbox', inputs));
});

// Its providers keep silent about whoever is held, and know nobody else.
async function startStrained(t) {
    const silence = gate();
    t.after(() => silence.open(miss));
    const acme = await startProvider(t, 'acme', () => silence.opened);
    const person = acme.entry({ price: 1, needs: [['email'], ['first_name', 'last_name', 'company_domain']] });
    const company = acme.entry({ price: { account: 1 }, needs: [['company_domain']], channels: [] });
    company.name = 'companies';
    company.connector.account = { industry: { value: '/industry', confidence: 0.8 } };
    delete company.connector.channels;
    const strained = await startSandbox(t, {
        sandbox: false, credits: 5, config: { limits: { ...wideLimits.limits, minute: 9, bulk: 3 }, providers: [person, company] },
    });
    return { ...strained, acme };
}

function hold({ client }) {
    const person = { channels: ['work_email'] };
    const ask = (path, body, key) => {
        client.request('POST', path, { body, headers: { 'idempotency-key': key } }).catch(() => {});
    };
    ask('/enrichment', { email: 'held@c.example', ...person }, 'held-1');
    ask('/enrichment/discover', { first_name: 'Held', last_name: 'Walker', company_domain: 'c.example', ...person }, 'held-2');
    ask('/enrichment/account', { domain: 'c.example' }, 'held-3');
    ask('/enrichment/bulk', { records: [{ email: 'bulk@c.example' }], ...person }, 'held-4');
}

test('redocly respect finds a workspace at its limits as its contract says', async (t) => {
    const { server, contract, acme } = await startStrained(t);
    for (let i = 1; i < 100; i++)
        await makeKey(server, `reader ${i}`);
    hold(server);
    await acme.called(4);
    note(contract, await respect(server, contract, 'strained', { full: server.key }));
});

test('what no client library would send is answered as the contract says, of every operation', async (t) => {
    const { server, contract } = await startSandbox(t, { config: { ...wideLimits, server: { request_ms: 500 } } });
    await Promise.all(contract.operations().map(async ({ method, path, operation }) => {
        for (const [status, bytes] of Object.entries(transportRequests({ method, path }, server.key))) {
            const answer = await askRaw(server.url, bytes);
            assert.equal(answer.status, Number(status), `${method} ${path}: ${answer.text}`);
            contract.check(method, path, answer);
            seen.add(`${operation.operationId} ${status}`);
        }
    }));
});

test('every documented status of every operation was seen, or is excused by name', () => {
    const documented = Object.values(doc.paths).flatMap((methods) => Object.values(methods)).flatMap((operation) =>
        Object.keys(operation.responses).map((status) => `${operation.operationId} ${status}`));
    const excused = (each) => each in NOT_PROVOKED || each.split(' ')[1] in NOT_PROVOKED;
    assert.deepEqual(documented.filter((each) => !seen.has(each) && !excused(each)), [], 'documented, and not seen');
    assert.deepEqual([...seen].filter(excused), [], 'excused, and seen');
});
