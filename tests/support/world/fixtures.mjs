// The connectors of a folder with their fixtures, as the world plays them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const json = async (path) => JSON.parse(await readFile(path, 'utf8'));

// [{name, doc, hosts: {api: 'https://…'}, fixtures: [{file, about, ask, exchanges, expect}]}]
export async function loadConnectors(folder) {
    const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    return Promise.all(entries.map((entry) => entry.name).sort().map((name) => loadConnector(join(folder, name), name)));
}

async function loadConnector(folder, name) {
    const doc = await json(join(folder, 'connector.json'));
    const files = (await readdir(join(folder, 'fixtures')).catch(() => [])).filter((file) => file.endsWith('.json')).sort();
    const hosts = Object.fromEntries(Object.entries(doc.hosts ?? {}).map(([host, url]) => [host, url ?? `https://test-${host}.example`]));
    const fixtures = await Promise.all(files.map(async (file) => {
        const fixture = await json(join(folder, 'fixtures', file));
        return { file, ...fixture, exchanges: fixture.exchanges.map((exchange) => place(exchange, hosts)) };
    }));
    return { name, doc, hosts, fixtures: fixtures.sort(byUse) };
}

// What a provider does on a good day comes first.
const use = ({ expect }) => ['hit', 'miss', expect.outcome].indexOf(expect.outcome);
const isPlain = ({ file }) => file.startsWith('hit');
const byUse = (a, b) => use(a) - use(b) || isPlain(b) - isPlain(a) || a.file.localeCompare(b.file);

// An exchange with its URL as the name of a host and the rest of it: {method, host, rest, headers, body, answer, waits_ms}.
function place({ request, answer, waits_ms }, hosts) {
    const fits = ([, prefix]) => request.url.startsWith(prefix) && ['/', '?', undefined].includes(request.url[prefix.length]);
    const [host, prefix] = Object.entries(hosts).filter(fits).sort((a, b) => b[1].length - a[1].length)[0] ?? [null, ''];
    return {
        method: request.method ?? 'GET', host, rest: request.url.slice(prefix.length), waits_ms, answer,
        headers: Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
        body: typeof request.body === 'string' || request.body === undefined ? request.body : canonical(request.body),
    };
}

// JSON text that does not depend on the order of members.
export function canonical(value) {
    if (Array.isArray(value))
        return `[${value.map(canonical).join(',')}]`;
    if (value === null || typeof value !== 'object')
        return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

// Where its steps keep something of an answer.
export function keepPointers(value) {
    if (value === null || typeof value !== 'object')
        return [];
    return Object.entries(value).flatMap(([key, inner]) =>
        (key === 'keep' && !Array.isArray(inner) ? Object.values(inner).flat() : keepPointers(inner)));
}

// The names of parameters and members that say which channels are wanted: they differ from question to question.
export function wantNames(value, name = null) {
    if (typeof value === 'string') {
        const inUrl = [...value.matchAll(/[?&]([^=&]+)=[^&]*\{(?:wants|lacks)\./g)].map(([, parameter]) => parameter);
        return /^https?:|^\{host\./.test(value) ? inUrl : /\{(?:wants|lacks)\./.test(value) ? [name] : [];
    }
    if (value === null || typeof value !== 'object')
        return [];
    return Object.entries(value).flatMap(([key, inner]) => wantNames(inner, Array.isArray(value) ? name : key));
}
