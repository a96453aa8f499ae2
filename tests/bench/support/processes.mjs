// The processes of a measurement: our server, nginx, wrk; pinned to cores, measured by the kernel's accounts.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const binary = resolve('build/release/unstuck');
export const SERVER_CORE = '0';
export const CLIENT_CORE = '1';
export const BOTH_CORES = '0,1';

const run = promisify(execFile);
const running = new Set();
const folders = new Set();

export async function cleanUp() {
    await Promise.all([...running].map((child) => new Promise((done) => {
        child.once('close', done);
        killGroup(child);
    })));
    await Promise.all([...folders].map((folder) => rm(folder, { recursive: true, force: true })));
    folders.clear();
}

// With the processes it started itself: nginx's worker outlives a killed master.
function killGroup(child) {
    try {
        process.kill(-child.pid, 'SIGKILL');
    } catch {
        // it has ended
    }
}

process.on('exit', () => running.forEach(killGroup));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

export async function tempFolder() {
    const folder = await mkdtemp(join(tmpdir(), 'unstuck-bench-'));
    folders.add(folder);
    return folder;
}

// Starts a program on `cores`; it ends with the row at the latest.
export function start(cores, program, args, options = {}) {
    const child = spawn('taskset', ['-c', cores, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options });
    running.add(child);
    child.errors = '';
    child.stderr?.on('data', (chunk) => (child.errors = (child.errors + chunk).slice(-20000)));
    child.ended = new Promise((done) => child.on('close', (code, signal) => {
        running.delete(child);
        done({ code, signal });
    }));
    return child;
}

export function line(child, pattern) {
    let text = '';
    return new Promise((done, failed) => {
        child.stdout.on('data', (chunk) => {
            text += chunk;
            const found = pattern.exec(text);
            if (found)
                done(found);
        });
        child.ended.then(({ code, signal }) => failed(new Error(`ended with ${code ?? signal}: ${child.errors}`)));
    });
}

// Our server on a folder of its own (or `data`, kept): {url, key, pid, child, started_ms}.
export async function startServer({ cores = SERVER_CORE, config = {}, sandbox = false, credits = 1e9, data, env = {} } = {}) {
    const folder = data ?? join(await tempFolder(), 'data');
    const keyFile = `${folder}.key`;
    const configFile = `${folder}.json`;
    if (!await readFile(keyFile).catch(() => null))
        await run(binary, ['init', '--data', folder, '--credits', String(credits), '--key-file', keyFile]);
    const limits = { minute: 1e9, bulk: 1e9, day: 1e9 };
    await writeFile(configFile, JSON.stringify({ log: { level: 'warn' }, limits, ...config, outgoing: { providers: { allow: ['127.0.0.0/8'] }, ...config.outgoing } }));
    const before = process.hrtime.bigint();
    const child = start(cores, binary, ['serve', '--data', folder, '--listen', '127.0.0.1:0', '--config', configFile,
        ...(sandbox ? ['--sandbox'] : [])], { env: { ...process.env, ...env } });
    const [, url] = await line(child, /listening on (\S+)\n/);
    const started_ms = Number(process.hrtime.bigint() - before) / 1e6;
    const key = /unstuck_\w+/.exec(await readFile(keyFile, 'utf8'))[0];
    return { url, key, child, pid: child.pid, folder, started_ms };
}

export async function stopServer(server) {
    server.child.kill('SIGTERM');
    const { code } = await server.child.ended;
    if (code !== 0)
        throw new Error(`the server ended with ${code}: ${server.child.errors}`);
}

// nginx with one worker and the given locations: {url, pid} of the worker.
export async function startNginx(locations, cores = SERVER_CORE) {
    const folder = await tempFolder();
    const port = await freePort();
    await writeFile(join(folder, 'nginx.conf'), `
        ${process.getuid() === 0 ? 'user root;' : ''}
        worker_processes 1; daemon off; pid nginx.pid; error_log stderr crit;
        events { worker_connections 4096; }
        http {
            access_log off; server_tokens off; default_type application/json;
            keepalive_requests 1000000000; keepalive_timeout 600s;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server { listen 127.0.0.1:${port} backlog=4096; ${locations} }
        }`);
    const child = start(cores, 'nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']);
    await accepts(port, child);
    const [worker] = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim().split(' ');
    return { url: `http://127.0.0.1:${port}`, pid: Number(worker), child };
}

async function freePort() {
    const probe = net.createServer();
    await new Promise((done) => probe.listen(0, '127.0.0.1', done));
    const { port } = probe.address();
    await new Promise((done) => probe.close(done));
    return port;
}

async function accepts(port, child) {
    for (;;) {
        if (child.exitCode !== null)
            throw new Error(`nginx ended: ${child.errors}`);
        const is_there = await new Promise((done) => {
            const socket = net.connect(port, '127.0.0.1', () => done(socket.destroy() && true));
            socket.on('error', () => done(false));
        });
        if (is_there)
            return;
        await new Promise((done) => setTimeout(done, 20));
    }
}

// Microseconds of CPU that all threads of a process have used.
export async function cpuOf(pid) {
    let total = 0n;
    for (const task of await readdir(`/proc/${pid}/task`)) {
        const stat = await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8');
        total += BigInt(stat.split(' ')[0]);
    }
    return Number(total) / 1000;
}

// How many files a process may have open: the hard limit, which both node and our server make their own.
export async function filesMax() {
    const limits = await readFile('/proc/self/limits', 'utf8');
    return Number(/Max open files\s+\d+\s+(\d+)/.exec(limits)[1]);
}

// A field of /proc/PID/status in MB: VmRSS, VmHWM.
export async function memoryOf(pid, field) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)[1]) / 1024;
}
