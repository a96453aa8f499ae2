// Entries of the configuration for the providers of a measurement.
import { fileURLToPath } from 'node:url';
import { CLIENT_CORE, line, start, startNginx } from './processes.mjs';

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
    const script = fileURLToPath(new URL('slow_provider.mjs', import.meta.url));
    const child = start(CLIENT_CORE, process.execPath, [script, String(ms)]);
    const [, url] = await line(child, /provider at (\S+)\n/);
    return { url, entries: [entry('Misses', `${url}/miss`, timeout_ms), entry('Hits', `${url}/hit`, timeout_ms)] };
}
