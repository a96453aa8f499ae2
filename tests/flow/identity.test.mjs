// Who a question is about: spellings, identities, and what happens when they disagree.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { hit, miss } from './support/provider.mjs';
import { charged, world } from './support/world.mjs';

const known = ({ count, email }) => hit({
    work_email: email || `ann${count}@ex.org`, linkedin_url: `https://linkedin.com/in/ann${count}`,
});
const both = { script: known, channels: ['work_email', 'linkedin_url'], needs: [['email']] };

test('an e-mail in any spelling is the same person', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: known } } });
    const spellings = ['ann@ex.org', ' ann@ex.org ', 'Ann@EX.org', 'ANN@ex.ORG', '\tann@Ex.Org\n'];
    const ids = new Set();
    for (const email of spellings)
        ids.add((await server.enrich({ email, channels: ['work_email'] })).json.record_id);
    assert.equal(ids.size, 1);
    assert.equal(acme.calls.length, 1);
    assert.equal(await charged(server), 2);
});

test('an international domain is the same in both its forms', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: { script: known } } });
    const unicode = await server.enrich({ email: 'u@exämple.org', channels: ['work_email'] });
    const ascii = await server.enrich({ email: 'u@xn--exmple-cua.org', channels: ['work_email'] });
    assert.equal(unicode.status, 200);
    assert.equal(unicode.json.record_id, ascii.json.record_id);
    assert.equal(acme.calls.length, 1);
});

test('a LinkedIn URL in any spelling is the same person', async (t) => {
    const script = () => hit({ work_email: 'ann@ex.org' });
    const { server, acme } = await world(t, { providers: { acme: { script, needs: [['linkedin_url']] } } });
    const spellings = [
        'https://linkedin.com/in/ann', 'http://www.linkedin.com/in/Ann/', 'linkedin.com/in/ann?trk=x',
        'https://de.linkedin.com/in/ann/de', 'https://www.linkedin.com/in/ann#about',
    ];
    const ids = new Set();
    for (const linkedin_url of spellings)
        ids.add((await server.enrich({ linkedin_url, channels: ['work_email'] })).json.record_id);
    assert.equal(ids.size, 1);
    assert.equal(acme.calls.length, 1);
    assert.equal(acme.calls[0].query.linkedin_url, 'https://linkedin.com/in/ann');
});

test('a record is found by an identity that was found, not given', async (t) => {
    const { server, acme } = await world(t, { providers: { acme: both } });
    const byEmail = await server.enrich({ email: 'ann@ex.org', channels: ['work_email', 'linkedin_url'] });
    const found = byEmail.json.channels.linkedin_url.value;
    const byLinkedIn = await server.enrich({ linkedin_url: found, channels: ['work_email', 'linkedin_url'] });
    assert.equal(byLinkedIn.json.record_id, byEmail.json.record_id);
    assert.equal(byLinkedIn.json.credits_used, 0);
    assert.equal(acme.calls.length, 1);
});

test('an identity given together with a known one is learned', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: known } } });
    const channels = ['work_email'];
    const first = await server.enrich({ email: 'ann@ex.org', linkedin_url: 'linkedin.com/in/ann-x', channels });
    const second = await server.enrich({ linkedin_url: 'https://linkedin.com/in/ann-x', channels });
    assert.equal(second.json.record_id, first.json.record_id);
    assert.equal(second.json.credits_used, 0);
});

test('when hints point to two records the e-mail wins and nothing is merged', async (t) => {
    const { server } = await world(t, {
        providers: {
            acme: { script: known, needs: [['email']] },
            bolt: { script: () => hit({ work_email: 'bob@ex.org' }), needs: [['linkedin_url']] },
        },
    });
    const channels = ['work_email'];
    const ann = await server.enrich({ email: 'ann@ex.org', channels });
    const bob = await server.enrich({ linkedin_url: 'linkedin.com/in/bob', channels });
    const mixed = await server.enrich({ email: 'ann@ex.org', linkedin_url: 'linkedin.com/in/bob', channels });
    const bobAgain = await server.enrich({ linkedin_url: 'linkedin.com/in/bob', channels });

    assert.notEqual(ann.json.record_id, bob.json.record_id);
    assert.equal(mixed.json.record_id, ann.json.record_id);
    assert.equal(bobAgain.json.record_id, bob.json.record_id);
});

test('LinkedIn wins over name and domain', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: () => miss } } });
    const name = { first_name: 'Ann', last_name: 'Lee', company_domain: 'ex.org' };
    const byName = await server.enrich(name);
    const byLinkedIn = await server.enrich({ linkedin_url: 'linkedin.com/in/ann' });
    const mixed = await server.enrich({ ...name, linkedin_url: 'linkedin.com/in/ann' });
    const nameAgain = await server.enrich({ ...name, first_name: ' ANN ' });

    assert.notEqual(byName.json.record_id, byLinkedIn.json.record_id);
    assert.equal(mixed.json.record_id, byLinkedIn.json.record_id);
    assert.equal(nameAgain.json.record_id, byName.json.record_id);
});

test('a domain alone is a record of its own, and only providers that can answer from it are asked', async (t) => {
    const { server, acme, bolt } = await world(t, {
        providers: {
            acme: { script: known },
            bolt: { script: () => hit({ work_email: 'someone@ex.org' }), needs: [['company_domain']] },
        },
    });
    const channels = ['work_email'];
    const domain = await server.enrich({ company_domain: 'https://www.EX.org:443/about', channels });
    const same = await server.enrich({ company_domain: 'ex.org', channels });
    const person = await server.enrich({ email: 'ann@ex.org', channels });

    assert.equal(domain.json.channels.work_email.value, 'someone@ex.org');
    assert.equal(acme.calls.length, 1, 'for the person only');
    assert.equal(bolt.calls[0].query.company_domain, 'ex.org');
    assert.equal(same.json.record_id, domain.json.record_id);
    assert.equal(same.json.credits_used, 0);
    assert.notEqual(person.json.record_id, domain.json.record_id);
    const trail = await server.trail(domain.json.record_id);
    assert.ok(trail.some((a) => a.provider === 'acme' && a.outcome === 'not_applicable'));
});

test("an office's mailbox beside a name names nobody: no record is found by it, and no provider sees it", async (t) => {
    const needs = [['first_name', 'last_name', 'company_domain']];
    const script = ({ query }) => hit({ work_email: `${query.first_name}@ex.org` });
    const { server, acme } = await world(t, { providers: { acme: { script, needs } } });
    const office = { email: 'Info+eu@ex.org', last_name: 'Lee', company_domain: 'ex.org', channels: ['work_email'] };
    const ann = await server.enrich({ ...office, first_name: 'Ann' });
    const bob = await server.enrich({ ...office, first_name: 'Bob' });

    assert.equal(ann.json.channels.work_email.value, 'Ann@ex.org');
    assert.equal(bob.json.channels.work_email.value, 'Bob@ex.org');
    assert.notEqual(ann.json.record_id, bob.json.record_id);
    assert.equal(acme.calls.length, 2);
    const { json } = await server.client.get(`/records/${bob.json.record_id}`);
    assert.deepEqual(json.identities.map(({ kind, value }) => `${kind} ${value}`).sort(),
        ['email Bob@ex.org', 'name_and_domain bob|lee|ex.org']);
});

test("an office's mailbox alone is a record of its own, and never a person's", async (t) => {
    const script = ({ email }) => hit({ linkedin_url: 'linkedin.com/in/ann', work_email: email });
    const { server } = await world(t, {
        providers: { acme: { script, channels: ['work_email', 'linkedin_url'], needs: [['email'], ['linkedin_url']] } },
    });
    const channels = ['work_email', 'linkedin_url'];
    const office = await server.enrich({ email: 'sales.team@ex.org', channels });
    const person = await server.enrich({ linkedin_url: 'linkedin.com/in/ann', channels });
    const again = await server.enrich({ email: 'SalesTeam+x@ex.org', channels });

    assert.equal(office.json.channels.work_email, null, 'nobody has it');
    assert.equal(office.json.channels.linkedin_url.value, 'https://linkedin.com/in/ann');
    assert.notEqual(person.json.record_id, office.json.record_id);
    assert.notEqual(again.json.record_id, person.json.record_id);
    const { json } = await server.client.get(`/records/${office.json.record_id}`);
    assert.deepEqual(json.identities.map(({ kind }) => kind), ['email']);
});

test('names and a company name are never enough alone', async (t) => {
    const { server } = await world(t, { providers: { acme: { script: known } } });
    const { status, json } = await server.enrich({ first_name: 'Ann', last_name: 'Lee', company_name: 'Ex' });
    assert.equal(status, 422);
    assert.equal(json.code, 'identity_required');
});

test('phone values leave as E.164, LinkedIn values in their normal form', async (t) => {
    const script = () => hit({ phone: '+44 (0)20 7946-0011', linkedin_url: 'http://UK.linkedin.com/in/Ann/?x=1' });
    const { server } = await world(t, { providers: { acme: { script, channels: ['phone', 'linkedin_url'] } } });
    const { json } = await server.enrich({ email: 'ann@ex.org' });
    assert.equal(json.channels.phone.value, '+442079460011');
    assert.equal(json.channels.linkedin_url.value, 'https://linkedin.com/in/ann');
});
