// The connectors as they are shipped, in a server, against the fake provider world: what their fixtures say is what
// goes over the wire and what customers get.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { Server } from './support/server.mjs';
import { startWorld } from '../support/world/world.mjs';

const PERSON = ['work_email', 'personal_email', 'phone', 'linkedin_url'];
const WIDE = { per_second: 1000000, per_minute: 1000000, concurrent: 1000000, polls_per_minute: 1000000 };
const mira = { first_name: 'Mira', last_name: 'Okafor', company_domain: 'northwind-demo.example' };

const gives = (value) => (value === null || typeof value !== 'object' ? []
    : [...Object.keys(value.channels ?? {}), ...Object.values(value).flatMap(gives)]);
const waits = (fixture) => fixture.exchanges.reduce((sum, { waits_ms = 0 }) => sum + waits_ms, 0);

async function begin(t, names, { world: given, people, share, limits = WIDE, ...server } = {}) {
    const world = given ?? await startWorld(t, { people, share });
    const entries = (names ?? persons(world)).map((name) => world.entry(name, { limits, timeout_ms: 60000 }));
    return {
        world,
        server: await Server.start(t, {
            ...server, env: world.env, config: { lookup: { deadline_ms: 60000 }, health: { check_keys: false }, ...server.config, providers: entries },
        }),
    };
}

// Who knows people; verifiers and those of companies alone are not asked here.
function persons(world) {
    return [...world.players].filter(([, { connector }]) => gives(connector.doc).length > 0).map(([name]) => name);
}

function nothingOdd(world, name) {
    const { unknown, wrong, strange } = world.counts(name);
    assert.deepEqual({ unknown, wrong, strange, what: world.odd.filter(({ provider }) => provider === name) }, { unknown: 0, wrong: 0, strange: 0, what: [] });
}

const named = ({ email, linkedin_url, first_name, last_name, company_domain }) => email || linkedin_url || (first_name && last_name && company_domain);
const quick = ({ ask, expect, exchanges }) => expect.outcome === 'hit' && !ask.check && named(ask.hints) &&
    ask.channels?.every((channel) => PERSON.includes(channel)) && waits({ exchanges }) <= 2000 &&
    exchanges.every(({ answer }) => answer.status < 400 || answer.status === 404);

// A value of a provider as a customer gets it.
const shown = {
    work_email: (value) => value.toLowerCase(),
    personal_email: (value) => value.toLowerCase(),
    phone: (value) => value.replace(/[^+0-9]/g, ''),
    linkedin_url: (value) => `https://linkedin.com/in/${value.split('/').filter(Boolean).pop()}`,
};

async function tryFixtures(t, world, name) {
    const { server } = await begin(t, [name], { world });
    const problems = [];
    const fixtures = world.players.get(name).connector.fixtures.filter(quick);
    const waiting = fixtures.filter(waits).slice(1); // one of those is enough
    for (const fixture of fixtures.filter((each) => !waiting.includes(each))) {
        world.script({ provider: name, fixture: fixture.file });
        const { json } = await server.enrich({ ...fixture.ask.hints, channels: fixture.ask.channels, force: true });
        for (const channel of fixture.ask.channels) {
            const expected = fixture.expect.values[channel];
            const got = json.channels?.[channel];
            if ((got?.value ?? null) !== (expected ? shown[channel](expected.value) : null))
                problems.push(`${name}/${fixture.file} ${channel}: ${JSON.stringify(expected)} became ${JSON.stringify(got ?? (await server.trail(json.record_id))[0])}`);
        }
    }
    return problems;
}

test('every connector of people finds what its fixtures say', async (t) => {
    const world = await startWorld(t);
    const names = persons(world).filter((name) => world.players.get(name).connector.fixtures.some(quick));
    assert.ok(names.length >= 15, names.join());
    const problems = [];
    for (const batch of [...Array(Math.ceil(names.length / 6)).keys()].map((i) => names.slice(6 * i, 6 * i + 6)))
        problems.push(...(await Promise.all(batch.map((name) => tryFixtures(t, world, name)))).flat());
    assert.deepEqual(problems, []);
    names.forEach((name) => nothingOdd(world, name));
});

test('whoever is asked for, every connector asks as its fixtures do, and nobody sees the key of another', async (t) => {
    const world = await startWorld(t, { people: 1000, share: 30 });
    const names = persons(world).filter((name) => !JSON.stringify(world.players.get(name).connector.doc).includes('"poll"'));
    const { server } = await begin(t, names, { world });
    const crowd = await (await fetch(`${world.url}/world/people?count=60`)).json();
    const asks = crowd.map(({ first_name, last_name, company_domain, email, linkedin_url }, i) =>
        [{ email }, { linkedin_url }, { first_name, last_name, company_domain }][i % 3]);
    const answers = await Promise.all(asks.map((ask) => server.enrich(ask)));
    answers.forEach(({ status, json }) => assert.equal(status, 200, JSON.stringify(json)));
    const found = answers.map(({ json }, i) => [json.channels.work_email?.value, crowd[i].email]).filter(([value]) => value);
    assert.ok(found.length > 20, `${found.length} of 60`);
    found.forEach(([value, email]) => assert.equal(value, email));
    for (const name of names) {
        nothingOdd(world, name);
        assert.ok(world.counts(name).asked > 0, name);
    }
});

test('a redirect takes no key anywhere', async (t) => {
    const { world, server } = await begin(t, ['hunter']);
    world.script({ provider: 'hunter', answer: { status: 302, headers: { Location: `${world.url}/apollo/api/people/match` }, text: '' } });
    const { json } = await server.enrich({ ...mira, channels: ['work_email'] });
    assert.equal((await server.trail(json.record_id))[0].outcome, 'error');
    assert.equal(world.counts('hunter').asked, 1);
    assert.equal(world.counts('apollo').asked, 0);
});

test('a token is asked for once and serves everybody', async (t) => {
    const { world, server } = await begin(t, ['snov'], { people: 100, share: 100 });
    const crowd = await (await fetch(`${world.url}/world/people?count=5`)).json();
    const answers = await Promise.all(crowd.map(({ first_name, last_name, company_domain }) =>
        server.enrich({ first_name, last_name, company_domain, channels: ['work_email'] })));
    assert.deepEqual(answers.map(({ json }) => json.channels.work_email?.value), crowd.map(({ email }) => email));
    assert.equal(world.asked.filter(({ rest }) => rest.includes('access_token')).length, 1);
    nothingOdd(world, 'snov');
});

test('what is pending is asked again, and is found in the end', async (t) => {
    const { world, server } = await begin(t, ['hunter']);
    world.script({ provider: 'hunter', fixture: 'a_202_is_asked_again.json' });
    const { json } = await server.enrich({ ...mira, channels: ['work_email'] });
    assert.equal(json.channels.work_email.value, 'mira.okafor@northwind-demo.example');
    assert.equal(world.counts('hunter').played, 2);
});

for (const breaks of ['cut', 'hang', 'garbage', 'truncated', 'gzip_bomb', 'huge', 'not_json'])
    test(`a provider that answers by ${breaks} costs nothing, and the next one is asked`, async (t) => {
        const world = await startWorld(t, { people: 1, share: 100 });
        const providers = [world.entry('hunter', { timeout_ms: breaks === 'hang' ? 300 : 20000 }), world.entry('people_data_labs')];
        const server = await Server.start(t, { env: world.env, config: { health: { check_keys: false }, providers } });
        world.script({ provider: 'hunter', breaks });
        const { json } = await server.enrich({ ...mira, first_name: 'Nora', channels: ['work_email'] });
        const [hunter, pdl] = await server.trail(json.record_id);
        assert.equal(hunter.outcome, breaks === 'hang' ? 'timeout' : 'error');
        assert.equal(pdl.outcome, 'hit');
        assert.equal(json.channels.work_email.source, 'People Data Labs');
        assert.equal(json.credits_used, 1);
    });

test('a limit in the provider\'s own words keeps everybody away for a while', async (t) => {
    const { world, server } = await begin(t, ['hunter']);
    world.script({ provider: 'hunter', per_second: 0 });
    for (let i = 0; i < 10; i++) {
        const { json } = await server.enrich({ ...mira, first_name: `Mira${i}`, channels: ['work_email'] });
        assert.equal((await server.trail(json.record_id))[0].outcome, 'rate_limited');
    }
    const { limited, asked } = world.counts('hunter');
    assert.ok(limited >= 1 && limited < 10 && limited === asked, `${limited} of ${asked} limited`);
});

test('two words are a configuration', async (t) => {
    const server = await Server.start(t, {
        env: { HUNTER_API_KEY: 'made-up', PDL_API_KEY: 'made-up' }, config: { health: { check_keys: false }, providers: ['hunter', 'people_data_labs'] },
    });
    const { json } = await server.enrich({ ...mira, channels: ['work_email'], dry_run: true });
    assert.deepEqual(json.channels.work_email.providers, ['Hunter', 'People Data Labs']);
});

test('a name that nobody has refuses the start, with the nearest ones', async (t) => {
    const server = await Server.prepare(t, { config: { providers: ['huntr'] } });
    await assert.rejects(server.start(), /\/providers\/0\/connector: No connector is called "huntr"; there are hunter, /);
});
