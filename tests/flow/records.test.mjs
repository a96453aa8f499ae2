// What can be read back about a record.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit, miss } from './support/provider.mjs';
import { world } from './support/world.mjs';

test('a record shows its identities and channels, and how full it is', async (t) => {
    const script = () => hit({ work_email: 'ann@ex.org', linkedin_url: 'https://linkedin.com/in/ann' });
    const { server } = await world(t, { providers: { acme: { script, channels: ['work_email', 'linkedin_url'] } } });
    const answer = await server.enrich({ email: 'Ann@ex.org' });
    const { status, json } = await server.client.get(`/records/${answer.json.record_id}`);

    assert.equal(status, 200);
    assert.equal(json.record_id, answer.json.record_id);
    assert.equal(json.status, 'partial');
    assert.match(JSON.stringify(json.identities), /[Aa]nn@ex\.org/);
    assert.match(JSON.stringify(json.identities), /linkedin\.com\/in\/ann/);
    assert.equal(json.channels.work_email.value, 'ann@ex.org');
    assert.equal(json.channels.work_email.source, 'acme');
    assert.equal(json.channels.phone, null);
});

test('a record without a value is empty, one with all is full', async (t) => {
    const all = { work_email: 'ann@ex.org', personal_email: 'ann@mail.example', phone: '+442079460011', linkedin_url: 'linkedin.com/in/ann' };
    const script = ({ email }) => (email.startsWith('ann') ? hit(all) : miss);
    const { server } = await world(t, { providers: { acme: { script, channels: Object.keys(all) } } });
    const status = async (email) => {
        const { json } = await server.enrich({ email });
        return (await server.client.get(`/records/${json.record_id}`)).json.status;
    };
    assert.equal(await status('ann@ex.org'), 'full');
    assert.equal(await status('bob@ex.org'), 'empty');
});

test('every lookup of a record has its own trail, the newest replay none', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: () => hit({ work_email: 'ann@ex.org' }) } } });
    const ask = { email: 'ann@ex.org', channels: ['work_email'] };
    const { json } = await server.enrich(ask);
    await server.enrich(ask);
    await server.enrich({ ...ask, force: true });
    const trail = (await server.client.get(`/records/${json.record_id}/attempts`)).json;
    assert.equal(trail.lookups.length, 2);
    assert.notEqual(trail.lookups[0].lookup_id, trail.lookups[1].lookup_id);
});

test('a mistyped filter is refused, not passed over', async (t) => {
    const { server } = await world(t);
    const unknown = { '/records?pushabel=true': 'did you mean pushable?', '/suppressions?emial=a%40b.example': 'did you mean email?',
        '/usage?frm=2026-05-26': 'did you mean from?', '/credits/ledger?cursor=1&page=2': 'page is not known', [`/usage?${'x'.repeat(80)}`]: 'over 64 bytes' };

    for (const [path, words] of Object.entries(unknown)) {
        const { status, json } = await server.client.get(path);
        assert.equal(status, 422, path);
        assert.ok(json.detail.includes(words), json.detail);
        assert.ok(!json.detail.includes('b.example'));
    }
    assert.equal((await server.client.get('/records?pushable=false&')).status, 200);
});
