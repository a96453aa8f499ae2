// Which addresses the calls of providers may reach.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit, misbehave } from './support/provider.mjs';
import { Server } from './support/server.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };
const acme = { script: () => hit({ work_email: 'ann@ex.org' }) };

test('a provider at an address that nobody vouched for is not called, and the log says what to do', async (t) => {
    const { server, acme: provider } = await world(t, { providers: { acme }, config: { outgoing: { providers: {} } } });
    const { json, headers } = await server.enrich(ask);
    assert.equal(json.channels.work_email, null);
    assert.equal(headers['unstuck-incomplete'], 'work_email');
    assert.equal((await server.trail(json.record_id))[0].outcome, 'error');
    assert.equal(provider.calls.length, 0);
    await server.logged(/provider's address is not allowed.*loopback.*outgoing\.providers/);
});

test('a redirect to a private address is not followed, whoever may be called', async (t) => {
    const { server, acme: provider } = await world(t, {
        providers: { acme: { script: () => misbehave.redirect('http://169.254.169.254/latest/meta-data/') } },
    });
    const { json } = await server.enrich(ask);
    assert.equal((await server.trail(json.record_id))[0].outcome, 'error');
    assert.equal(provider.calls.length, 1);
});

test('wrong rules are refused at the start, each in its place', async (t) => {
    const server = await Server.prepare(t, {
        config: { outgoing: { providers: { allow: ['10.0.0.1/8', 'all'], ports: [0], http: 1 }, webhooks: { deny: [] }, name_servers: ['dns'] } },
    });
    const problem = await server.start().then(() => null, (error) => error);
    for (const pointer of ['/outgoing/providers/allow/0', '/outgoing/providers/allow/1', '/outgoing/providers/ports/0',
        '/outgoing/providers/http', '/outgoing/webhooks/deny', '/outgoing/name_servers/0'])
        assert.match(problem.message, new RegExp(`${pointer}: `));
});
