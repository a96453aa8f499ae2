// A small JSON client over kept connections, and raw sockets for what no client library would send.
import http from 'node:http';
import net from 'node:net';

// Longer than any deadline that a test sets: whoever waits so long waits for ever.
const HANG_SECONDS = process.env.UNSTUCK_MODE === 'asan' ? 60 : 20;

export class HangError extends Error {}

export class Client {
    constructor(url, key) {
        this.url = new URL(url);
        this.key = key;
        this.agent = new http.Agent({ keepAlive: true });
    }

    close() {
        this.agent.destroy();
    }

    // From now on over new connections: those before may have been idle for too long.
    reconnect() {
        this.agent.destroy();
        this.agent = new http.Agent({ keepAlive: true });
    }

    get(path, headers) {
        return this.request('GET', path, { headers });
    }

    enrich(body, headers) {
        return this.request('POST', '/enrichment', { body, headers });
    }

    // {status, headers, text, json}. `body`: a string or bytes go as they are, anything else as JSON.
    // A header of value null is left out.
    request(method, path, { body, headers = {}, signal } = {}) {
        const bytes = body === undefined ? null
            : Buffer.isBuffer(body) ? body
                : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
        const all = { authorization: `Bearer ${this.key}`, ...headers };
        if (bytes) {
            all['content-length'] = bytes.length;
            all['content-type'] ??= 'application/json';
            if ('content-type' in headers && headers['content-type'] === null)
                delete all['content-type'];
        }
        for (const name of Object.keys(all)) {
            if (all[name] === null)
                delete all[name];
        }
        return new Promise((done, failed) => {
            const request = http.request({
                agent: this.agent, host: this.url.hostname, port: this.url.port, method, path, headers: all, signal,
            }, (response) => {
                const chunks = [];
                response.on('data', (chunk) => chunks.push(chunk));
                response.on('error', failed);
                response.on('end', () => done(answer(response, Buffer.concat(chunks).toString())));
            });
            request.on('error', failed);
            request.setTimeout(HANG_SECONDS * 1000, () =>
                request.destroy(new HangError(`${method} ${path}: no answer in ${HANG_SECONDS} s`)));
            request.end(bytes);
        });
    }
}

function answer(response, text) {
    let json;
    try {
        json = JSON.parse(text);
    } catch {
        json = undefined;
    }
    return { status: response.statusCode, headers: response.headers, text, json };
}

// Opens a socket, sends `bytes`, and gathers what comes back.
//   socket.text         so far
//   socket.until(re)    resolves when the text matches (or rejects when the connection closes without)
//   socket.ended       resolves with the text when the connection is closed
export function raw(url, bytes = '') {
    const { hostname, port } = new URL(url);
    const socket = net.connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const waiters = new Set();
    socket.text = '';
    socket.is_over = false;
    const tell = () => waiters.forEach((waiter) => waiter());
    socket.on('data', (chunk) => {
        socket.text += chunk.toString('latin1');
        tell();
    });
    socket.on('error', () => {});
    socket.ended = new Promise((done) => {
        const over = () => {
            socket.is_over = true;
            tell();
            done(socket.text);
        };
        socket.on('end', () => {
            over();
            socket.destroy();
        });
        socket.on('close', over);
    });
    socket.until = (pattern) => new Promise((done, failed) => {
        const look = () => {
            if (pattern.test(socket.text))
                done(socket.text);
            else if (socket.is_over)
                failed(new Error(`closed before ${pattern}: ${socket.text}`));
            else
                return;
            waiters.delete(look);
        };
        waiters.add(look);
        look();
    });
    socket.write(bytes);
    return socket;
}

// The bytes of a POST /enrichment.
export function enrichmentBytes(key, body, extra = '') {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return `POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${extra}\r\n${text}`;
}
