// GET /metrics: Prometheus text, without a key, about what happened.
import assert from 'node:assert/strict';
import test from './support/test.mjs';
import { gate, hit, miss } from './support/provider.mjs';
import { world } from './support/world.mjs';

const ask = { email: 'ann@ex.org', channels: ['work_email'] };

// {name{labels}: number} of every sample; fails on a line that is none.
async function scrape(server) {
    const { status, headers, text } = await server.client.get('/metrics', { authorization: null });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4');
    const samples = {};
    for (const line of text.trimEnd().split('\n')) {
        if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line))
            continue;
        const sample = /^([a-z_]+(?:\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})?) (-?[0-9.]+)$/.exec(line);
        assert.ok(sample, line);
        assert.ok(!(sample[1] in samples), `${sample[1]} is there twice`);
        samples[sample[1]] = Number(sample[2]);
    }
    return samples;
}

test('requests, lookups, calls, holds and ledger entries are counted', async (t) => {
    const { server } = await world(t, {
        providers: { 'ac"me': { script: ({ email }) => (email.startsWith('ann') ? hit({ work_email: email }) : miss) } },
    });
    await server.enrich(ask);
    await server.enrich(ask);
    await server.enrich({ ...ask, email: 'bob@ex.org' });
    await server.enrich({});
    await server.client.get('/nowhere');
    const now = await scrape(server);

    assert.equal(now['unstuck_requests_total{route="POST /enrichment",class="2xx"}'], 3);
    assert.equal(now['unstuck_requests_total{route="POST /enrichment",class="4xx"}'], 1);
    assert.equal(now['unstuck_requests_total{route="none",class="4xx"}'], 1);
    assert.equal(now['unstuck_lookups_total{outcome="replay"}'], 1);
    assert.equal(now['unstuck_lookups_total{outcome="enriched"}'], 1);
    assert.equal(now['unstuck_lookups_total{outcome="empty"}'], 1);
    assert.equal(now['unstuck_provider_calls_total{provider="ac\\"me",outcome="hit"}'], 1);
    assert.equal(now['unstuck_provider_calls_total{provider="ac\\"me",outcome="miss"}'], 1);
    assert.equal(now['unstuck_provider_call_seconds_count{provider="ac\\"me"}'], 2);
    assert.equal(now['unstuck_provider_call_seconds_bucket{provider="ac\\"me",le="+Inf"}'], 2);
    assert.equal(now['unstuck_ledger_entries_total{kind="lookup"}'], 2);
    assert.equal(now.unstuck_holds, 0);
    assert.ok(now.unstuck_record_cache_bytes > 0);
    assert.ok(now.unstuck_connections >= 1);
    assert.match(Object.keys(now).join(), /unstuck_build_info\{version="[0-9.]+"\}/);
});

test('what is under way shows while it is, and the loop\'s lag is measured', async (t) => {
    const hold = gate();
    const { server, acme } = await world(t, {
        providers: { acme: { price: 3, script: async ({ email }) => (await hold.opened, hit({ work_email: email })) } },
    });
    const answer = server.enrich(ask);
    await acme.called(1);
    let now = await scrape(server);
    assert.equal(now.unstuck_lookups_in_flight, 1);
    assert.equal(now.unstuck_holds, 1);
    assert.equal(now.unstuck_held_credits, 3);
    hold.open();
    await answer;
    while (!(now.unstuck_loop_lag_seconds_count > 0))
        now = await scrape(server);
    assert.equal(now.unstuck_held_credits, 0);
    assert.equal(now.unstuck_lookups_in_flight, 0);
});
