// Entries of the configuration for the providers of a measurement.
import { fileURLToPath } from 'node:url';
import { CLIENT_CORE, line, start, startNginx } from './processes.mjs';

const script = (path) => fileURLToPath(new URL(path, import.meta.url));

const entry = (name, url, timeout_ms) => ({
    name, kind: 'http', timeout_ms, prices: { work_email: 1 },
    connector: {
        connector: 1, needs: [['first_name']], request: { method: 'GET', url: `${url}?name={first_name}` },
        outcomes: [{ status: 404, outcome: 'miss' }], channels: { work_email: { value: '/email', confidence: 0.9 } },
    },
});

// Two by nginx: the first never knows, the second answers everybody with a value of their own.
export async function nginxProviders(cores) {
    const nginx = await startNginx(`
        location /miss { return 404 '{}'; }
        location /hit { return 200 '{"email":"$arg_name@bench.example"}'; }`, cores);
    return [entry('Misses', `${nginx.url}/miss`, 10000), entry('Hits', `${nginx.url}/hit`, 10000)];
}

// The same two, each taking `ms`: {entries, url}.
export async function slowProviders(ms, timeout_ms = 10000) {
    const [url] = await slowHosts(ms, 1);
    return { url, entries: [entry('Misses', `${url}/miss`, timeout_ms), entry('Hits', `${url}/hit`, timeout_ms)] };
}

// So many, each at a host of its own, that take `ms` and know nobody.
export async function manyProviders(count, ms) {
    const urls = await slowHosts(ms, count);
    return { url: urls[0], entries: urls.map((url, i) => entry(`Provider ${i}`, `${url}/miss`, 60000)) };
}

async function slowHosts(ms, count) {
    const child = start(CLIENT_CORE, process.execPath, [script('slow_provider.mjs'), String(ms), String(count)]);
    return (await line(child, /provider at (\S+)\n/))[1].split(',');
}

// The fake provider world with those of its connectors, each knowing that part of everybody ({hunter: 0}), with answers of
// `bytes`: {url, entries, env}.
export async function worldProviders(known, bytes, cores) {
    const child = start(cores, process.execPath, [script('../../support/world/world.mjs'), '--people', '1', '--bytes', String(bytes)]);
    const [, url] = await line(child, /world at (\S+)\n/);
    const about = await (await fetch(`${url}/world`)).json();
    const env = {};
    const entries = await Promise.all(Object.entries(known).map(async ([connector, share]) => {
        await fetch(`${url}/world/script`, { method: 'POST', body: JSON.stringify({ provider: connector, known: share }) });
        const secrets = about[connector].secrets.map((name) => [name, { env: `BENCH_${connector}_${name}`.toUpperCase() }]);
        secrets.forEach(([name, reference]) => (env[reference.env] = `test-${name}`));
        return {
            connector, hosts: about[connector].hosts, secrets: Object.fromEntries(secrets), prices: { work_email: 1 },
            limits: { per_second: 1000000, per_minute: 1000000, concurrent: 1000000 },
        };
    }));
    return { url, entries, env };
}
