// A scripted provider on a real socket. The script is a function from the question to the answer:
//   ({email, query, method, path, headers, body, count}) => {status, json, headers} | misbehaviour
// and may be async. `misbehave` has the answers that no good provider gives.
import http from 'node:http';

export async function startProvider(t, name, script) {
    const provider = new Provider(name, script);
    await new Promise((done) => provider.server.listen(0, '127.0.0.1', done));
    provider.url = `http://127.0.0.1:${provider.server.address().port}`;
    t.after(() => provider.stop());
    return provider;
}

class Provider {
    constructor(name, script) {
        this.name = name;
        this.script = script;
        this.calls = [];
        this.waiters = new Set();
        this.server = http.createServer({ keepAliveTimeout: 60000 }, (request, response) =>
            this.#serve(request, response).catch((problem) => response.destroy(problem)));
        this.server.on('clientError', (_, socket) => socket.destroy());
    }

    stop() {
        this.server.close();
        this.server.closeAllConnections();
    }

    async #serve(request, response) {
        const url = new URL(request.url, 'http://provider');
        const chunks = [];
        for await (const chunk of request)
            chunks.push(chunk);
        const call = {
            method: request.method,
            path: url.pathname,
            query: Object.fromEntries(url.searchParams),
            email: url.searchParams.get('email'),
            headers: request.headers,
            body: Buffer.concat(chunks).toString(),
            count: this.calls.length + 1,
        };
        this.calls.push(call);
        this.waiters.forEach((waiter) => waiter());
        const answer = await this.script(call);
        if (response.destroyed)
            return;
        if (typeof answer === 'function') {
            answer(response);
            return;
        }
        const text = answer.json === undefined ? answer.text ?? '' : JSON.stringify(answer.json);
        response.writeHead(answer.status ?? 200, {
            'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...answer.headers,
        });
        response.end(text);
    }

    // Resolves when it has been called `count` times.
    called(count) {
        return new Promise((done) => {
            const look = () => this.calls.length >= count && (this.waiters.delete(look), done());
            this.waiters.add(look);
            look();
        });
    }

    // Its entry in the configuration. Each channel is read from the member of its name; with `verdict` it is a verifier.
    // `check` is the path of its free call, if it has one.
    entry({ verdict, channels = ['work_email'], price = 2, timeout_ms = 10000, needs = [['email']], request = {}, limits, check, ...rest } = {}) {
        const prices = typeof price === 'number' ? Object.fromEntries(channels.map((c) => [c, price])) : price;
        return {
            name: this.name,
            kind: 'http',
            timeout_ms,
            prices,
            limits,
            connector: {
                connector: 1,
                needs,
                request: { method: 'GET', url: `${this.url}/find?${query(needs)}`, ...request },
                outcomes: [{ status: 404, outcome: 'miss' }],
                ...(check ? { check: { request: { url: `${this.url}${check}` } } } : {}),
                ...(verdict ? { verdict } : { channels: Object.fromEntries(channels.map((channel) =>
                    [channel, { value: `/${channel}`, confidence: { at: '/score', scale: 100, default: 0.5 } }])) }),
                ...rest,
            },
        };
    }
}

function query(needs) {
    return [...new Set(needs.flat())].map((hint) => `${hint}={${hint}}`).join('&');
}

// A promise with its handle outside: holds a provider's answer until the test lets go.
export function gate() {
    let open;
    const opened = new Promise((done) => (open = done));
    return { opened, open };
}

export const hit = (values, score = 90) => ({ json: { ...values, score } });
export const miss = { status: 404, json: { error: 'not found' } };

export const misbehave = {
    never: () => () => {},
    closeEarly: () => (response) => response.socket.destroy(),
    garbage: () => (response) => response.socket.end('\x01\x02 not even HTTP\r\n\r\n'),
    notJson: () => ({ text: '<html>welcome</html>', headers: { 'content-type': 'text/html' } }),
    half: (json) => (response) => {
        const text = JSON.stringify(json);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length + 10 });
        response.write(text);
        setImmediate(() => response.socket?.destroy());
    },
    redirect: (location) => ({ status: 302, headers: { location } }),
    // Writes zeros as fast as they are taken, and stops when the other side does.
    huge: (bytes) => (response) => {
        const chunk = Buffer.alloc(1 << 20, 0x20);
        let left = bytes;
        response.writeHead(200, { 'content-type': 'application/json' });
        const more = () => {
            while (left > 0 && !response.destroyed) {
                left -= chunk.length;
                if (!response.write(chunk)) {
                    response.once('drain', more);
                    return;
                }
            }
            if (!response.destroyed)
                response.end();
        };
        more();
    },
};
