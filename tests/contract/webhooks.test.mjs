// What we send is verified by the library that users' services have: npm's standardwebhooks.
import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import test from '../flow/support/test.mjs';
import { startProvider } from '../flow/support/provider.mjs';
import { until } from '../flow/support/until.mjs';
import { startSandbox, wideLimits } from './support/contract.mjs';

const PATH = '/settings/verification-webhook';

async function hooked(t) {
    const config = { ...wideLimits, outgoing: { webhooks: { allow: ['127.0.0.1/32'] } } };
    const { server, contract } = await startSandbox(t, { config });
    const hook = await startProvider(t, 'hook', () => ({ json: { valid: true } }));
    const set = (more) => server.client.request('PUT', PATH, { body: { url: hook.url, ...more } });
    return { server, contract, hook, set };
}

test('every event is verified by standardwebhooks, and fits the contract', async (t) => {
    const { server, contract, hook, set } = await hooked(t);
    const { json: { secret } } = await set();
    await server.enrich({ email: 'chloe.walker@westmarkrobotics.com' });
    await until(() => hook.calls.length >= 2);
    for (const call of hook.calls) {
        const event = new Webhook(secret).verify(call.body, call.headers);
        if (event.type === 'webhook.test')
            continue;
        const { schema } = contract.doc.webhooks[event.type].post.requestBody.content['application/json'];
        assert.ok(contract.accepts(schema, event), JSON.stringify(event));
    }
    assert.throws(() => new Webhook(secret).verify(`${hook.calls[0].body} `, hook.calls[0].headers));
});

test('while secrets rotate, whoever has either verifies', async (t) => {
    const { hook, set } = await hooked(t);
    const old = (await set()).json.secret;
    const next = (await set({ rotate_secret: true })).json.secret;
    const { body, headers } = hook.calls[1];
    assert.notEqual(old, next);
    for (const secret of [old, next])
        assert.equal(new Webhook(secret).verify(body, headers).type, 'webhook.test');
    assert.throws(() => new Webhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw').verify(body, headers));
});
