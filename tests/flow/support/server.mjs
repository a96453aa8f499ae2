// A real server process over a data folder of its own. Nothing here sleeps: it waits for lines and exits.
import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from './client.mjs';

export const binary = resolve(process.env.UNSTUCK_BIN ?? 'build/debug/unstuck');

// Tests ask more in a minute than a customer may; those about limits set their own.
export const NO_LIMITS = { minute: 1e9, bulk: 1e9, day: 1e9 };

// Whatever ends this process ends its servers, one that hangs too.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
process.on('SIGTERM', () => process.exit(143));

// A folder that goes away with the test.
export async function tempFolder(t) {
    const folder = await mkdtemp(join(tmpdir(), 'unstuck-test-'));
    t?.after(() => rm(folder, { recursive: true, force: true }));
    return folder;
}

// Runs the program to its end: {code, signal, stdout, stderr}.
export function run(args, { env = {}, input = '', cwd } = {}) {
    const child = spawn(binary, args, { cwd, env: { ...process.env, ...env } });
    const result = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (result.stdout += chunk));
    child.stderr.on('data', (chunk) => (result.stderr += chunk));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((done, failed) => {
        child.on('error', failed);
        child.on('close', (code, signal) => done({ code, signal, ...result }));
    });
}

export class Server {
    constructor(folder, options) {
        this.folder = folder;
        this.data = join(folder, 'data');
        this.options = options; // {config, sandbox, credits, env, args}
        this.logs = '';
    }

    // A workspace with `credits`, a configuration file, a running server. It ends with the test.
    static async start(t, options = {}) {
        const server = await Server.prepare(t, options);
        await server.start();
        return server;
    }

    // As start, without starting it.
    static async prepare(t, options = {}) {
        const server = new Server(await tempFolder(), options);
        t.after(async () => {
            server.client?.close();
            await server.kill();
            await rm(server.folder, { recursive: true, force: true });
        });
        const keyFile = join(server.folder, 'key');
        const made = await run(['init', '--data', server.data, '--credits', String(options.credits ?? 10000),
            '--key-file', keyFile]);
        if (made.code !== 0)
            throw new Error(`init failed: ${made.stderr}${made.stdout}`);
        server.key = keyIn(await readFile(keyFile, 'utf8'));
        server.configure(options.config ?? {});
        return server;
    }

    configure(config) {
        const providers = { allow: ['127.0.0.0/8', '::1/128'] }; // those of tests are here
        this.config = { limits: NO_LIMITS, ...config, outgoing: { providers, ...config.outgoing } };
    }

    // Starts the process on the data there is; resolves when it listens, rejects when it ends before.
    async start({ env = {} } = {}) {
        const args = ['serve', '--data', this.data, '--listen', '127.0.0.1:0'];
        const configFile = join(this.folder, 'config.json');
        await writeFile(configFile, JSON.stringify(this.config));
        args.push('--config', configFile);
        if (this.options.sandbox)
            args.push('--sandbox');
        args.push(...(this.options.args ?? []));
        this.child = spawn(binary, args, { env: { ...process.env, ...this.options.env, ...env } });
        children.add(this.child);
        this.child.on('close', () => children.delete(this.child));
        this.stdout = '';
        this.exited = new Promise((done) =>
            this.child.on('close', (code, signal) => done({ code, signal, logs: this.logs })));
        this.child.stderr.on('data', (chunk) => this.#gather(chunk));
        this.url = await this.#listening();
        this.client?.close();
        this.client = new Client(this.url, this.key);
        return this;
    }

    #gather(chunk) {
        this.logs += chunk;
        for (const waiter of this.waiters ?? [])
            waiter();
    }

    #listening() {
        return new Promise((done, failed) => {
            this.child.stdout.on('data', (chunk) => {
                this.stdout += chunk;
                const line = /^listening on (http:\/\/\S+)\n/m.exec(this.stdout);
                if (line)
                    done(line[1]);
            });
            this.exited.then(({ code, signal }) =>
                failed(new StartError(`the server ended (${signal ?? code}) before it listened:\n${this.logs}`, code, signal)));
        });
    }

    // Resolves as soon as the logs match.
    logged(pattern) {
        return new Promise((done) => {
            const look = () => pattern.test(this.logs) && done();
            this.waiters = [...(this.waiters ?? []), look];
            look();
        });
    }

    logLines() {
        return this.logs.split('\n').filter(Boolean).map((line) => {
            try {
                return JSON.parse(line);
            } catch {
                return { msg: line, is_json: false };
            }
        });
    }

    async kill() {
        if (!this.child)
            return null;
        this.child.kill('SIGKILL');
        return this.exited;
    }

    // SIGTERM, and waits for the end.
    async stop() {
        this.child.kill('SIGTERM');
        return this.exited;
    }

    async restart(options) {
        await this.kill();
        return this.start(options);
    }

    // kill -9 if it runs, then the books are recomputed offline.
    verify() {
        return run(['verify', '--data', this.data]);
    }

    enrich(body, headers) {
        return this.client.enrich(body, headers);
    }

    async credits() {
        return (await this.client.get('/credits')).json;
    }

    // The attempts of a record, all its lookups together: "provider/channel outcome".
    async trail(recordId) {
        const { json } = await this.client.get(`/records/${recordId}/attempts`);
        return json.lookups.flatMap((lookup) => lookup.attempts);
    }
}

export class StartError extends Error {
    constructor(message, code, signal) {
        super(message);
        this.code = code;
        this.signal = signal;
    }
}

export function keyIn(text) {
    return /unstuck_[0-9A-Za-z]{36}/.exec(text)[0];
}

// A file that moves the server's clock: pass `env` to the server, call `forward` with it. `wall` moves the
// wall clock alone, as when somebody sets it.
export async function movableClock(t) {
    const file = join(await tempFolder(t), 'clock');
    const offsets = [0n, 0n];
    const move = (which, seconds) => {
        const bytes = Buffer.alloc(16);
        offsets[which] += BigInt(Math.round(seconds * 1e6));
        offsets.forEach((offset, i) => bytes.writeBigInt64LE(offset, 8 * i));
        return writeFile(file, bytes, { flag: 'r+' });
    };
    await writeFile(file, Buffer.alloc(16));
    return {
        env: { UNSTUCK_CLOCK_FILE: file },
        async forward(server, seconds) {
            await move(0, seconds);
            server.client?.reconnect();
        },
        wall: (seconds) => move(1, seconds),
        now: () => Date.now() + Number((offsets[0] + offsets[1]) / 1000n),
    };
}
