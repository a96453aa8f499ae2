// /suppressions: whom nobody looks up, in whatever spelling, on every path that leads to an answer.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from './support/test.mjs';
import { Client } from './support/client.mjs';
import { gate, hit } from './support/provider.mjs';
import { charged, world } from './support/world.mjs';

const ann = 'Ann.Lee@west.robots.example';
const annAt = 'https://linkedin.com/in/ann-lee';
const ask = (more = {}) => ({ email: ann, channels: ['work_email'], ...more });
const good = { work_email: ann, linkedin_url: annAt, phone: '+442079460958' };
const acme = { script: () => hit(good), channels: ['work_email', 'linkedin_url', 'phone'], needs: [['email'], ['linkedin_url'], ['company_domain']] };

async function start(t, options) {
    return world(t, { providers: { acme }, ...options });
}

const suppress = (server, body, more) => server.client.request('POST', '/suppressions', { body, ...more });
const importCsv = (server, lines, more) =>
    server.client.request('POST', '/suppressions', { body: lines.join('\n'), headers: { 'content-type': 'text/csv' }, ...more });
const remove = (server, id) => server.client.request('DELETE', `/suppressions/${id}`);
const list = async (server, query = '') => (await server.client.get(`/suppressions${query}`)).json.suppressions;

async function refused(server, body, path = '/enrichment') {
    const { status, json, headers } = await server.client.request('POST', path, { body });
    assert.equal(status, 451, JSON.stringify(json));
    assert.equal(json.code, 'suppressed');
    assert.equal(headers['unstuck-credits-used'], '0');
}

// --- what holds whom --------------------------------------------------------

test('a suppressed e-mail, LinkedIn URL or domain is 451 in every spelling, and no provider is called', async (t) => {
    const held = [
        [{ email: ' ann.lee@WEST.Robots.example ' }, { email: ann }],
        [{ linkedin_url: 'http://de.linkedin.com/in/Ann-Lee/?x=1' }, { linkedin_url: annAt }],
        [{ domain: 'https://WWW.robots.example/about' }, { email: ann }, { company_domain: 'robots.example' },
            { company_domain: 'www.west.robots.example' }, { email: 'ann@gmail.com', company_domain: 'robots.example' },
            { first_name: 'Ann', last_name: 'Lee', company_domain: 'a.b.robots.example' }],
    ];
    for (const [who, ...questions] of held) {
        const { server, acme: provider } = await start(t);
        const { status, json } = await suppress(server, { ...who, note: 'asked us by letter' });
        assert.equal(status, 201);
        assert.match(json.suppression_id, /^sup_[0-9A-Za-z]{22}$/);
        assert.equal(json.kind, Object.keys(who)[0]);
        assert.equal(json.note, 'asked us by letter');
        assert.match(json.created_at, /Z$/);
        for (const question of questions) {
            await refused(server, question);
            await refused(server, { ...question, dry_run: true });
            await refused(server, { ...question, force: true });
        }
        assert.equal(provider.calls.length, 0);
        assert.equal(await charged(server), 0);
        assert.equal((await server.enrich({ email: 'bob@robots2.example' })).status, 200);
    }
});

test('a neighbour of a suppressed domain is looked up', async (t) => {
    const { server } = await start(t, { providers: { acme: { ...acme, script: ({ email }) => hit({ work_email: email }) } } });
    await suppress(server, { domain: 'west.robots.example' });
    for (const email of ['ann@robots.example', 'ann@east.robots.example', 'ann@midwest.robots.example', 'ann@west.robots.example.org'])
        assert.equal((await server.enrich({ email, channels: ['work_email'] })).status, 200, email);
});

test('discover, account and bulk refuse too, bulk for the record alone', async (t) => {
    const { server } = await start(t, { sandbox: true });
    await suppress(server, { domain: 'robots.example' });
    await refused(server, { first_name: 'Ann', last_name: 'Lee', company_domain: 'robots.example' }, '/enrichment/discover');
    await refused(server, { domain: 'www.robots.example' }, '/enrichment/account');
    const { status, json } = await server.client.request('POST', '/enrichment/bulk',
        { body: { records: [{ email: ann }, { email: 'bob@else.example' }], channels: ['work_email'] } });
    assert.equal(status, 200);
    assert.equal(json.results[0].error.status, 451);
    assert.ok(json.results[1].record_id);
    assert.equal(json.credits_used, json.results[1].credits_used);
});

test('a person known by another name that is suppressed is 451, and no stored value is shown', async (t) => {
    for (const who of [{ linkedin_url: annAt }, { domain: 'robots.example' }, { email: ann }]) {
        const { server, acme: provider } = await start(t);
        const questions = [{ email: 'ann@home.example' }, { email: 'ann@home.example', channels: ['phone'] }];
        const { json } = await server.enrich(questions[0]);
        assert.equal(json.channels.linkedin_url.value, annAt);
        await server.enrich(questions[0]);
        assert.equal((await server.enrich(questions[1])).headers['idempotent-replayed'], 'true');
        const calls = provider.calls.length;

        await suppress(server, who);
        for (const question of [...questions, { ...questions[0], force: true }, { ...questions[0], dry_run: true }, { linkedin_url: annAt }])
            await refused(server, question);
        const record = await server.client.get(`/records/${json.record_id}`);
        assert.equal(record.status, 451);
        assert.doesNotMatch(record.text, /ann/i);
        for (const query of ['', '?pushable=true'])
            assert.deepEqual((await server.client.get(`/records${query}`)).json, { records: [], next_cursor: null });
        assert.equal(provider.calls.length, calls);

        // Erasing it is still possible.
        assert.equal((await server.client.request('DELETE', `/records/${json.record_id}`)).status, 200);
    }
});

test('who was only asked for, by an address that is suppressed now, is not shown either', async (t) => {
    const { server } = await start(t);
    await server.enrich({ email: 'old@home.example' });
    await server.enrich({ linkedin_url: annAt });
    await suppress(server, { email: 'OLD@home.example' });
    await refused(server, { linkedin_url: annAt });
});

test('taken back, a suppression holds nobody, and what was stored is shown again', async (t) => {
    const { server, acme: provider } = await start(t);
    const first = await server.enrich(ask());
    const { json } = await suppress(server, { email: ann });
    await refused(server, ask());
    const gone = await remove(server, json.suppression_id);
    assert.equal(gone.status, 200);
    assert.deepEqual(gone.json, json);
    assert.equal((await remove(server, json.suppression_id)).status, 404);
    assert.equal((await remove(server, 'sup_x')).status, 404);
    const again = await server.enrich(ask());
    assert.deepEqual(again.json.channels, first.json.channels);
    assert.equal(provider.calls.length, 1);
});

test('one workspace suppresses for itself alone', async (t) => {
    const { server } = await start(t, { prepare: true });
    const { run, keyIn } = await import('./support/server.mjs');
    const made = await run(['workspace', 'create', '--data', server.data, '--name', 'Other', '--credits', '100']);
    await server.start();
    const other = new Client(server.url, keyIn(made.stdout));
    t.after(() => other.close());
    await suppress(server, { email: ann });
    await refused(server, ask());
    assert.equal((await other.enrich(ask())).status, 200);
    assert.deepEqual((await other.get('/suppressions')).json.suppressions, []);
});

// --- while a lookup is under way ----------------------------------------------

test('who is suppressed while providers are asked is not shown, not kept and not charged', async (t) => {
    const hold = gate();
    const script = async () => (await hold.opened, hit({ phone: good.phone }));
    const { server, acme: provider } = await start(t, { providers: { acme: { ...acme, script } } });
    const asking = server.enrich(ask({ channels: ['phone'] }));
    await provider.called(1);
    const follower = server.enrich(ask({ channels: ['phone'] }));
    const waiting = server.enrich(ask());
    await server.client.get('/health');
    await suppress(server, { email: ann });
    hold.open();
    for (const answer of [await asking, await follower, await waiting])
        assert.equal(answer.status, 451, answer.text);
    assert.equal(provider.calls.length, 1);
    assert.deepEqual(await server.credits(), { balance: 10000, held: 0, used_this_month: 0 });
});

test('a bulk answer that others held up does not show who was suppressed meanwhile', async (t) => {
    const hold = gate();
    const script = async ({ email }) => (email === 'slow@ex.org' ? (await hold.opened, hit({ work_email: email })) : hit({ work_email: email }));
    const { server, acme: provider } = await start(t, { providers: { acme: { ...acme, script } } });
    await server.enrich(ask());
    const bulk = server.client.request('POST', '/enrichment/bulk',
        { body: { records: [{ email: ann }, { email: 'slow@ex.org' }], channels: ['work_email'] } });
    await provider.called(2);
    await suppress(server, { email: ann });
    hold.open();
    const { json } = await bulk;
    assert.equal(json.results[0].error.code, 'suppressed');
    assert.equal(json.results[1].channels.work_email.value, 'slow@ex.org');
});

test('an answer that names a suppressed person is blocked whole, the next provider is asked, nothing is charged for it', async (t) => {
    const { server, acme: provider } = await start(t, {
        providers: { acme, next: { script: () => hit({ phone: '+442079460999' }), channels: ['phone'], needs: [['email']] } },
    });
    await suppress(server, { linkedin_url: annAt });
    const { json } = await server.enrich({ email: 'ann@home.example', channels: ['phone', 'linkedin_url'], include: ['attempts'] });
    assert.equal(provider.calls.length, 1);
    assert.equal(json.channels.linkedin_url, null);
    assert.equal(json.channels.phone.value, '+442079460999');
    assert.deepEqual(json.attempts.filter((each) => each.provider === 'acme').map((each) => [each.outcome, each.credits]),
        [['blocked', 0], ['blocked', 0]]);
    assert.equal(json.credits_used, 2);
    const record = (await server.client.get(`/records/${json.record_id}`));
    assert.equal(record.status, 200);
    assert.doesNotMatch(record.text, /ann-lee/);
});

test('a name whose finding leads to a suppressed person is 451', async (t) => {
    const { server } = await start(t, { providers: { acme: { ...acme, channels: ['work_email', 'phone'], script: () => hit({ work_email: 'ann@robots.example', phone: '+442079460958' }) } } });
    await server.enrich({ email: 'ann@robots.example', linkedin_url: annAt, channels: ['phone'] });
    await suppress(server, { linkedin_url: annAt });
    await refused(server, { first_name: 'Ann', last_name: 'Lee', company_domain: 'robots.example' });
    assert.equal((await server.credits()).held, 0);
});

// --- answers kept for an Idempotency-Key -----------------------------------------

test('a kept answer is not repeated when it shows who was suppressed since, and is word for word otherwise', async (t) => {
    const { server } = await start(t);
    const key = (text) => ({ 'idempotency-key': text });
    const annAnswer = await server.enrich({ linkedin_url: annAt, channels: ['phone'] }, key('ann'));
    const domain = await server.enrich({ email: 'x@home.example', company_domain: 'other.example', channels: ['phone'] }, key('domain'));
    const home = { email: 'ann@home.example', channels: ['linkedin_url'] };
    assert.equal((await server.enrich(home, key('home'))).json.channels.linkedin_url.value, annAt);
    const records = [{ email: 'carl@ex.org' }, { linkedin_url: annAt }];
    const bulk = () => server.client.request('POST', '/enrichment/bulk', { body: { records, channels: ['phone'] }, headers: key('bulk') });
    assert.equal((await bulk()).json.results.length, 2);
    assert.equal(annAnswer.status + domain.status, 400);

    const made = await suppress(server, { domain: 'other.example' }, { headers: key('made') });
    assert.equal((await suppress(server, { domain: 'other.example' }, { headers: key('made') })).text, made.text);
    assert.equal((await server.enrich({ linkedin_url: annAt, channels: ['phone'] }, key('ann'))).text, annAnswer.text);
    assert.equal((await server.enrich({ email: 'x@home.example', company_domain: 'other.example', channels: ['phone'] }, key('domain'))).status, 451);

    await suppress(server, { linkedin_url: annAt });
    assert.equal((await server.enrich({ linkedin_url: annAt, channels: ['phone'] }, key('ann'))).status, 451);
    assert.equal((await server.enrich(home, key('home'))).status, 451);
    const again = await bulk();
    assert.equal(again.status, 200);
    assert.equal(again.json.results[1].error.code, 'suppressed');
});

// --- the list ----------------------------------------------------------------------

test('the same again is 200 with what is there; a wrong body names all mistakes and no value', async (t) => {
    const { server } = await start(t);
    const first = await suppress(server, { email: ann, note: 'one' });
    const again = await suppress(server, { email: ann.toUpperCase(), note: 'two' });
    assert.equal(again.status, 200);
    assert.deepEqual(again.json, first.json);
    for (const body of [{}, { email: ann, domain: 'a.example' }, { email: 'no' }, { note: 'x' }, { email: ann, note: 'x'.repeat(201) }, { domain: 'localhost' }, { linkedin_url: 'https://linkedin.com/company/x' }, { mail: ann }]) {
        const { status, json, text } = await suppress(server, body);
        assert.equal(status, 422, text);
        assert.equal(json.code, 'validation_failed');
        assert.ok(json.errors.length > 0);
    }
    assert.equal((await suppress(server, { email: ann, note: 'ä'.repeat(200) })).status, 200);
    assert.equal((await suppress(server, '{')).status, 400);
    assert.equal((await suppress(server, 'x', { headers: { 'content-type': 'text/plain' } })).status, 415);
});

test('the list is paged, newest first, and asked for one address tells what holds it', async (t) => {
    const { server } = await start(t);
    assert.deepEqual(await list(server), []);
    assert.deepEqual(await list(server, '?email=ann@west.robots.example'), []);
    const lines = Array.from({ length: 250 }, (_, i) => `p${i}@list.example`);
    assert.deepEqual((await importCsv(server, ['email', ...lines])).json, { added: 250, known: 0, refused: 0, refusals: [] });
    const byMail = (await suppress(server, { email: ann, note: 'mail' })).json;
    const byDomain = (await suppress(server, { domain: 'robots.example' })).json;

    const seen = [];
    let cursor = '';
    for (;;) {
        const { json } = await server.client.get(`/suppressions${cursor}`);
        seen.push(...json.suppressions);
        if (json.next_cursor === null)
            break;
        cursor = `?cursor=${json.next_cursor}`;
    }
    assert.equal(seen.length, 252);
    assert.equal(new Set(seen.map((each) => each.suppression_id)).size, 252);
    assert.deepEqual(new Set(seen.slice(0, 2).map((each) => each.kind)), new Set(['email', 'domain']));
    assert.deepEqual(await list(server, `?email=${encodeURIComponent(` ${ann}`)}`), [byMail, byDomain]);
    assert.deepEqual(await list(server, '?email=bob%40robots.example'), [byDomain]);
    assert.deepEqual(await list(server, '?domain=www.west.robots.example'), [byDomain]);
    assert.deepEqual(await list(server, '?linkedin_url=linkedin.com/in/nobody'), []);
    for (const query of ['?email=no', '?email=%zz', '?email=a@b.example&domain=b.example', '?cursor=7', '?domain=%00'])
        assert.equal((await server.client.get(`/suppressions${query}`)).status, 422, query);
});

test('read keys list, enrich keys add, only full ones take back', async (t) => {
    const { server } = await start(t);
    const clients = {};
    for (const scope of ['read', 'signals', 'enrich']) {
        const { json } = await server.client.request('POST', '/keys', { body: { name: scope, scope } });
        clients[scope] = new Client(server.url, json.secret);
        t.after(() => clients[scope].close());
    }
    const statuses = {};
    for (const [scope, client] of Object.entries(clients)) {
        const post = await client.request('POST', '/suppressions', { body: { email: ann } });
        statuses[scope] = [(await client.get('/suppressions')).status, post.status,
            (await client.request('DELETE', '/suppressions/sup_x')).status];
    }
    assert.deepEqual(statuses, { read: [200, 403, 403], signals: [200, 403, 403], enrich: [200, 201, 403] });
});

// --- a table -------------------------------------------------------------------------

test('a table adds what is right, counts what was there, and tells what is wrong without quoting it', async (t) => {
    const { server } = await start(t);
    await suppress(server, { email: ann });
    const { status, json, text } = await importCsv(server, ['E-Mail Id,linkedin_url,email,domain',
        `1,,${ann},`, '2,linkedin.com/in/BOB,,', '3,,not-an-address,', '4,,,', '5,,"carl@ex.org",carl.example', '6,https://linkedin.com/company/x,dora@ex.org,']);
    assert.equal(status, 200);
    assert.equal(json.added, 3);
    assert.equal(json.known, 1);
    assert.equal(json.refused, 3);
    assert.deepEqual(json.refusals.map((each) => each.row), [3, 4, 6]);
    assert.doesNotMatch(text, /not-an-address|company\/x/);
    await refused(server, { linkedin_url: 'https://linkedin.com/in/bob' });
    await refused(server, { email: 'x@carl.example' });
    assert.equal((await server.enrich({ email: 'dora@ex.org' })).status, 200);
});

test('at most a hundred refused rows are told, all are counted', async (t) => {
    const { server } = await start(t);
    const { json } = await importCsv(server, ['email', ...Array(1200).fill('no')]);
    assert.equal(json.refused, 1200);
    assert.equal(json.refusals.length, 100);
});

test('a table that is none refuses all of it', async (t) => {
    const { server } = await start(t);
    for (const lines of [[''], ['name', 'x'], ['email;domain', 'a@b.example;x'], ['email', 'a@b.example', 'c@d.example,x'], ['email', '"a@b.example'],
        ['email', ...Array(20001).fill('a@b.example')]]) {
        const { status, text } = await importCsv(server, lines);
        assert.equal(status, 422, text);
        assert.doesNotMatch(text, /@/);
    }
    assert.deepEqual(await list(server), []);
    assert.equal((await importCsv(server, ['email', 'x'.repeat(1 << 20)])).status, 413);
});

test('twenty thousand rows go in while lookups go on', async (t) => {
    const { server } = await start(t);
    await server.enrich(ask());
    const importing = importCsv(server, ['email', ...Array.from({ length: 20000 }, (_, i) => `person.${i}@ex${i % 97}.example`)]);
    let answered = 0;
    let isOver = false;
    importing.then(() => (isOver = true));
    while (!isOver) {
        assert.equal((await server.enrich(ask())).status, 200);
        answered++;
    }
    const { json } = await importing;
    assert.equal(json.added, 20000);
    assert.ok(answered > 3, `${answered} lookups meanwhile`);
    await refused(server, { email: 'person.19999@ex17.example' });
});

// --- what is on disk ------------------------------------------------------------------

test('nothing in the data folder names who is suppressed, and all of it holds after a restart', async (t) => {
    const { server } = await start(t);
    const id = (await suppress(server, { email: 'secret.person@hidden.example' })).json.suppression_id;
    await suppress(server, { linkedin_url: 'linkedin.com/in/secret-slug' });
    await importCsv(server, ['domain', 'very-secret.example']);
    await server.restart();
    await refused(server, { email: 'Secret.Person@hidden.example' });
    await refused(server, { linkedin_url: 'https://linkedin.com/in/secret-slug' });
    await refused(server, { email: 'x@mail.very-secret.example' });
    await server.stop();
    for (const file of await readdir(server.data))
        assert.doesNotMatch((await readFile(join(server.data, file))).toString('latin1').toLowerCase(), /secret.?person|secret-slug|very-secret|hidden\.example/, file);
    assert.doesNotMatch(server.logs.toLowerCase(), /secret|hidden/);

    await server.start();
    assert.equal((await remove(server, id)).status, 200);
    await server.restart();
    assert.equal((await server.enrich({ email: 'secret.person@hidden.example' })).status, 200);
});

test('a write that fails suppresses nobody, and one in doubt holds until it is asked for again', async (t) => {
    const fates = new Set();
    for (let nth = 1; nth < 12; nth++) {
        const { server } = await start(t, { prepare: true });
        await server.start({ env: { UNSTUCK_FAULT: `fail:store:${nth}` } });
        const { status, json } = await suppress(server, { email: ann });
        fates.add(status === 503 ? json.code : status);
        if (status === 503 && json.code === 'store_unsure')
            await refused(server, ask());
        if (status === 503)
            assert.ok([200, 201].includes((await suppress(server, { email: ann })).status));
        await refused(server, ask());
        await server.kill();
        await server.start();
        await refused(server, ask());
        await server.kill();
        if (status !== 503)
            break;
    }
    assert.ok(fates.has('store_unsure') && fates.has('store_unavailable') && fates.has(201), [...fates].join());
});
