// The fake provider world: one process, or one object of a test, that plays every connector of a folder from its
// fixtures, over real sockets:
//   node tests/support/world/world.mjs [--folder connectors] [--port 0] [--people N] [--share 70] [--bytes 30720]
//   const world = await startWorld(t, {folder, people, share, bytes})
// A provider's host "api" is played at /NAME/api: configure it with {"hosts": {"api": "http://…/hunter/api"}}, as
// `world.entry('hunter')` does. A request must be a fixture's, to the letter, or, with --people, that of a person whom
// nobody wrote down: of a hundred of them `share` are known. Answers are padded to `bytes`.
//   GET  /world          what it plays: hosts, secrets and fixtures of each
//   GET  /world/counts   what it was asked: {hunter: {asked, played, invented, missed, unknown, wrong, strange, limited, broken}}
//   GET  /world/asked    the last requests: [{provider, method, host, rest, headers, body}]
//   GET  /world/odd      those of them that were unknown, wrong or strange
//   GET  /world/people?from=0&count=100
//   POST /world/script   {"provider": "hunter" | "*", "latency_ms", "jitter_ms", "per_second", "fixture": FILE,
//                         "answer": {status, headers, body | text}, "breaks": one of `breaks`, "share": 0 to 1, "times": N,
//                         "known": 0 to 100, of the people that nobody wrote down}; replaces what was scripted for it
//   POST /world/reset    forgets scripts, counts and conversations
// unknown: no fixture and nobody's request. wrong: a fixture's but for a header, like a bad key. strange: it carries
// another provider's key. Keys are test-NAME; those of `world.env` are test-PROVIDER-NAME, so that each is told apart.
import http from 'node:http';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { loadConnectors } from './fixtures.mjs';
import { hash, inventPerson, mould, personOf, readBody } from './people.mjs';

const ASKED_MAX = 1000;
const TALKS_MAX = 200000;
const MARK = /test-([a-z_]+)-/g;
const connectors = fileURLToPath(new URL('../../../connectors', import.meta.url));

export async function startWorld(t, options = {}) {
    const world = new World(await loadConnectors(options.folder ?? connectors), options);
    await world.listen(options.port ?? 0);
    t?.after(() => world.close());
    return world;
}

// What a provider can do to us besides answering.
const breaks = {
    cut: (response) => response.socket.destroy(),
    hang: () => {},
    garbage: (response) => response.socket.end('\x01\x02 not even HTTP\r\n\r\n'),
    truncated: (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
        response.write('{"data": {');
        setImmediate(() => response.socket?.destroy());
    },
    gzip_bomb: (response) => {
        bomb ??= gzipSync(Buffer.alloc(256 << 20, 0x20));
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': bomb.length });
        response.end(bomb);
    },
    huge: (response) => {
        const chunk = Buffer.alloc(1 << 20, 0x20);
        let left = 200;
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = () => {
            while (left > 0 && !response.destroyed) {
                left--;
                if (!response.write(chunk))
                    return response.once('drain', more);
            }
            return response.end();
        };
        more();
    },
    not_json: (response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html>welcome</html>');
    },
};
let bomb;

const noCounts = () => ({ asked: 0, played: 0, invented: 0, missed: 0, unknown: 0, wrong: 0, strange: 0, limited: 0, broken: 0 });

export class World {
    constructor(list, { people = 0, share = 70, bytes = 0 } = {}) {
        this.people = people;
        this.share = share;
        this.padding = padding(bytes);
        this.players = new Map(list.map((connector) => [connector.name, new Player(connector, this)]));
        this.server = http.createServer({ keepAliveTimeout: 600000 }, (request, response) => this.#serve(request, response));
        this.server.on('clientError', (_, socket) => socket.destroy());
        this.reset();
    }

    async listen(port) {
        await new Promise((done) => this.server.listen({ port, host: '127.0.0.1', backlog: 16384 }, done));
        this.url = `http://127.0.0.1:${this.server.address().port}`;
    }

    close() {
        this.server.close();
        this.server.closeAllConnections();
    }

    reset() {
        this.asked = [];
        this.odd = []; // those that were unknown, wrong or strange
        this.waiters = [];
        this.players.forEach((player) => player.reset());
    }

    script({ provider = '*', ...script }) {
        const players = provider === '*' ? [...this.players.values()] : [this.players.get(provider)];
        players.forEach((player) => player.follow(script));
    }

    counts(provider) {
        return provider ? this.players.get(provider).counts : Object.fromEntries([...this.players].map(([name, { counts }]) => [name, counts]));
    }

    // Its entry in a configuration, and what the environment must have for it.
    entry(name, more = {}) {
        const { connector } = this.players.get(name);
        const secrets = Object.keys(connector.doc.secrets ?? {}).map((secret) => [secret, { env: variable(name, secret) }]);
        return {
            connector: name, ...(secrets.length > 0 && { secrets: Object.fromEntries(secrets) }), hosts: this.#hosts(name), ...more,
        };
    }

    get env() {
        return Object.fromEntries([...this.players.values()].flatMap(({ connector: { name, doc } }) =>
            Object.keys(doc.secrets ?? {}).map((secret) => [variable(name, secret), `test-${name}-${secret}`])));
    }

    #hosts(name) {
        return Object.fromEntries(Object.keys(this.players.get(name).connector.hosts).map((host) => [host, `${this.url}/${name}/${host}`]));
    }

    #about() {
        return Object.fromEntries([...this.players].map(([name, { connector }]) => [name, {
            name: connector.doc.name, hosts: this.#hosts(name), secrets: Object.keys(connector.doc.secrets ?? {}),
            fixtures: connector.fixtures.map(({ file }) => file),
        }]));
    }

    // Resolves when a provider has been asked `count` times.
    wasAsked(provider, count) {
        return new Promise((done) => {
            const look = () => this.counts(provider).asked >= count && done();
            this.waiters.push(look);
            look();
        });
    }

    #serve(request, response) {
        const chunks = [];
        request.on('error', () => {});
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => this.#answer(request, response, Buffer.concat(chunks).toString()));
    }

    note(list, request) {
        list.push(request);
        if (list.length > ASKED_MAX)
            list.shift();
    }

    #answer(request, response, body) {
        const [, name, host, rest] = /^\/([^/?]*)\/?([^/?]*)(.*)$/s.exec(request.url);
        if (name === 'world')
            return this.#control(request, host, rest, body, response);
        const player = this.players.get(name);
        if (!player)
            return send(response, { status: 404, text: `the world has no ${name}` });
        const { method, headers } = request;
        this.note(this.asked, { provider: name, method, host, rest, headers, body });
        player.answer({ method, host, rest, headers, body }, response);
        return this.waiters.forEach((look) => look());
    }

    #control(request, what, query, body, response) {
        const parameters = new URLSearchParams(query);
        const pages = {
            'GET ': () => this.#about(),
            'GET counts': () => this.counts(),
            'GET asked': () => this.asked,
            'GET odd': () => this.odd,
            'GET people': () => [...Array(Number(parameters.get('count') ?? 100)).keys()]
                .map((i) => inventPerson((Number(parameters.get('from') ?? 0) + i) % Math.max(this.people, 1))),
            'POST script': () => this.script(JSON.parse(body)),
            'POST reset': () => this.reset(),
        };
        const page = pages[`${request.method} ${what}`];
        if (!page)
            return send(response, { status: 404, text: `there are: ${Object.keys(pages).join(', ')}` });
        try {
            const answer = page();
            return send(response, answer === undefined ? { status: 204, text: '' } : { status: 200, body: answer });
        } catch (problem) {
            return send(response, { status: 400, text: problem.message });
        }
    }
}

const variable = (name, secret) => `WORLD_${name}_${secret}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');

// One provider.
class Player {
    constructor(connector, world) {
        this.connector = connector;
        this.world = world;
        this.exact = new Map();
        for (const fixture of connector.fixtures) {
            for (const [i, exchange] of fixture.exchanges.entries()) {
                const key = `${exchange.method} ${exchange.host}${exchange.rest}`;
                this.exact.set(key, [...(this.exact.get(key) ?? []), { fixture, i, exchange }]);
            }
        }
        // Short conversations first: who is pending is written down.
        const moulds = (outcome) => connector.fixtures.filter(({ expect, ask }) => expect.outcome === outcome && !ask.check)
            .map((fixture) => mould(connector, fixture)).filter(Boolean)
            .sort((a, b) => a.steps.length - b.steps.length);
        this.hits = moulds('hit');
        this.misses = moulds('miss');
        this.reset();
    }

    reset() {
        this.counts = noCounts();
        this.scripted = {};
        this.times = Infinity;
        this.random = hash(this.connector.name);
        this.talks = new Map(); // fixture and person to the step that comes next
        this.kept = new Map(); // what we gave out to be kept: to the person
        this.second = { at: 0, count: 0 };
    }

    follow(script) {
        if (script.breaks !== undefined && !breaks[script.breaks])
            throw new Error(`breaks is one of ${Object.keys(breaks).join(', ')}`);
        if (script.fixture !== undefined && !this.connector.fixtures.some(({ file }) => file === script.fixture))
            throw new Error(`${this.connector.name} has no fixture ${script.fixture}`);
        this.scripted = script;
        this.times = script.times ?? Infinity;
    }

    answer(request, response) {
        this.counts.asked++;
        const asked = this.#withoutMark(request);
        const { latency_ms = 0, jitter_ms = 0 } = this.scripted;
        const act = this.#isUp() ? this.#scripted() : () => this.#play(asked, response);
        const wait = latency_ms + (jitter_ms && this.#dice() * jitter_ms);
        const done = () => response.destroyed || (typeof act === 'string' ? breaks[act](response) : act?.(response) ?? undefined);
        if (wait > 0)
            setTimeout(done, wait);
        else
            done();
    }

    #isOdd(word, request) {
        this.counts[word]++;
        this.world.note(this.world.odd, { provider: this.connector.name, word, ...request });
    }

    // A number from 0 to 1, the same ones on every run.
    #dice() {
        this.random = (Math.imul(this.random, 1664525) + 1013904223) >>> 0;
        return this.random / 2 ** 32;
    }

    // Is it the script's turn, and not the fixtures'?
    #isUp() {
        const { per_second, breaks: broken, answer, share = 1 } = this.scripted;
        if (per_second !== undefined) {
            const now = Math.floor(Date.now() / 1000);
            this.second = this.second.at === now ? { at: now, count: this.second.count + 1 } : { at: now, count: 1 };
            if (this.second.count > per_second)
                return true;
        }
        return (broken !== undefined || answer !== undefined) && this.times > 0 && (share >= 1 || this.#dice() < share);
    }

    #scripted() {
        const { per_second, breaks: broken, answer } = this.scripted;
        if (per_second !== undefined && this.second.count > per_second) {
            this.counts.limited++;
            const documented = this.connector.fixtures.find(({ expect }) => expect.outcome === 'rate_limited');
            const limit = documented?.exchanges.at(-1).answer ?? { status: 429, headers: { 'Retry-After': '1' }, body: {} };
            return (response) => send(response, limit);
        }
        this.times--;
        this.counts.broken++;
        return broken ?? ((response) => send(response, answer));
    }

    // The request with this provider's own keys as in the fixtures. Another's key is a stranger.
    #withoutMark(request) {
        const { name } = this.connector;
        const own = `test-${name}-`;
        const headers = { ...request.headers };
        const basic = /^Basic (.*)$/.exec(headers.authorization ?? '');
        const user = basic && Buffer.from(basic[1], 'base64').toString();
        const places = [request.rest, ...Object.values(headers), request.body, user ?? ''];
        const marks = places.filter((text) => text.includes('test-')).flatMap((text) => [...text.matchAll(MARK)]).map(([, mark]) => mark);
        if (marks.some((mark) => mark !== name && this.world.players.has(mark)))
            this.#isOdd('strange', request);
        const type = headers['content-type'];
        if (!marks.includes(name))
            return { ...request, headers, body: readBody(request.body, type) };
        for (const [header, value] of Object.entries(headers))
            headers[header] = value.replaceAll(own, 'test-');
        if (user?.includes(own))
            headers.authorization = `Basic ${Buffer.from(user.replaceAll(own, 'test-')).toString('base64')}`;
        return { ...request, rest: request.rest.replaceAll(own, 'test-'), headers, body: readBody(request.body.replaceAll(own, 'test-'), type) };
    }

    #play(request, response) {
        const found = this.#written(request) ?? (this.world.people > 0 ? this.#invented(request) : null);
        if (!found) {
            this.#isOdd('unknown', request);
            return send(response, { status: 404, text: `no fixture of ${this.connector.name} has ${request.method} ${request.host}${request.rest}` });
        }
        const wrong = found.exchange?.headers.find(([name, value]) => request.headers[name] !== value);
        if (wrong) {
            this.#isOdd('wrong', request);
            return send(response, { status: 401, text: `the header ${wrong[0]} is not the fixture's` });
        }
        const { fails } = found.answer;
        if (fails)
            return fails === 'timeout' ? undefined : response.socket.destroy();
        return send(response, found.answer, found.isKnown && found.answer.status === 200 ? this.world.padding : null);
    }

    // The step of a conversation that this request is: the next one, or else the first that fits.
    #step(key, steps, fits) {
        const at = this.talks.get(key) ?? 0;
        for (let k = 0; k < steps.length; k++) {
            const i = (at + k) % steps.length;
            const fit = fits(steps[i], i);
            if (fit) {
                this.talks.delete(key);
                if (i + 1 < steps.length)
                    this.talks.set(key, i + 1);
                if (this.talks.size > TALKS_MAX)
                    this.talks.delete(this.talks.keys().next().value);
                return { i, fit };
            }
        }
        return null;
    }

    #written(request) {
        const candidates = (this.exact.get(`${request.method} ${request.host}${request.rest}`) ?? [])
            .filter(({ exchange }) => exchange.body === undefined || exchange.body === request.body);
        const scripted = candidates.find(({ fixture }) => fixture.file === this.scripted.fixture);
        const underWay = candidates.find(({ fixture, i }) => this.talks.get(fixture.file) === i);
        const { fixture } = scripted ?? underWay ?? candidates[0] ?? {};
        if (!fixture)
            return null;
        const mine = new Set(candidates.filter((each) => each.fixture === fixture).map(({ i }) => i));
        const { i } = this.#step(fixture.file, fixture.exchanges, (_, k) => mine.has(k));
        this.counts.played++;
        return { exchange: fixture.exchanges[i], answer: fixture.exchanges[i].answer, isKnown: fixture.expect.outcome === 'hit' };
    }

    #invented(request) {
        for (const { fixture, steps } of this.hits) {
            for (const step of steps) {
                const words = step.fits(request);
                const person = words && (this.kept.get(words.id) ?? personOf(words));
                if (person?.domain.endsWith('.example'))
                    return this.#invent(fixture, steps, person, request);
            }
        }
        return null;
    }

    #invent(fixture, steps, person, request) {
        const key = `${person.first}.${person.last}@${person.domain}`;
        if (hash(`${this.connector.name} ${key}`) % 100 >= (this.scripted.known ?? this.world.share))
            return this.#missed(person, key, request);
        const { i } = this.#step(`${fixture.file} ${key}`, steps, (step) => step.fits(request));
        const step = steps[i];
        this.counts.invented++;
        return { exchange: step.exchange, answer: this.#write(step, person, `${fixture.file} ${key}`), isKnown: i === steps.length - 1 };
    }

    #missed(person, key, request) {
        this.counts.missed++;
        for (const { fixture, steps } of this.misses) {
            const found = this.#step(`${fixture.file} ${key}`, steps, (step) => step.fits(request));
            if (found)
                return { exchange: steps[found.i].exchange, answer: this.#write(steps[found.i], person, `${fixture.file} ${key}`), isKnown: true };
        }
        return { answer: { status: 404, body: {} }, isKnown: false };
    }

    // The answer with the person's words in it, and what they keep of it.
    #write(step, person, key) {
        const id = step.keeps ? String(hash(key) + 1e10) : null;
        if (step.keeps) {
            this.kept.set(id, person);
            if (this.kept.size > TALKS_MAX)
                this.kept.delete(this.kept.keys().next().value);
        }
        return { ...step.exchange.answer, body: undefined, text: step.write(person, id), isJson: step.is_json };
    }
}

// Members that nobody reads, as long as a real answer's.
function padding(bytes) {
    const job = (i) => `{"title":{"name":"made-up title ${i}","levels":["senior"]},"company":{"name":"made-up company ${i}","size":"51-200"},"start_date":"2019-0${1 + i % 9}"}`;
    const jobs = [];
    for (let length = 0; length < bytes; length += jobs.at(-1).length + 1)
        jobs.push(job(jobs.length));
    return jobs.length === 0 ? null : Buffer.from(`"padding":[${jobs.join(',')}]}`);
}

// `more` takes the place of the brace that ends an object.
function send(response, { status, headers = {}, body, text, isJson }, more = null) {
    const content = body === undefined ? text ?? '' : JSON.stringify(body);
    const type = body !== undefined || isJson ? { 'content-type': 'application/json' } : {};
    const isLonger = more !== null && content.endsWith('}') && content !== '{}';
    const start = isLonger ? `${content.slice(0, -1)},` : content;
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    response.writeHead(status, { ...type, 'content-length': Buffer.byteLength(start) + (isLonger ? more.length : 0), ...lower });
    if (!isLonger)
        return response.end(start);
    response.write(start);
    return response.end(more);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { values } = parseArgs({
        options: { folder: { type: 'string' }, port: { type: 'string' }, people: { type: 'string' }, share: { type: 'string' }, bytes: { type: 'string' } },
    });
    const number = (name, fallback) => (values[name] === undefined ? fallback : Number(values[name]));
    const world = await startWorld(null, {
        folder: values.folder, port: number('port', 0), people: number('people', 0), share: number('share', 70), bytes: number('bytes', 0),
    });
    console.log(`world at ${world.url}`);
}
