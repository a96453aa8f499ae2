// Real reverse proxies before a server: nginx and haproxy, each in several tempers, one worker, connections to
// the server kept and shared. Each stamps what it forwards with an X-Request-Id of its own, so that a request
// that the server sees without a stamp is one that the front never sent as a request.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { tempFolder } from '../../flow/support/server.mjs';

export const STAMP = /^front-/;

// How long a front waits for a client who says nothing: what a test waits for a request that is never whole.
const PATIENCE_MS = 150;

export const fronts = {
    'nginx': (port, server) => nginx(port, server, ''),
    'nginx that streams bodies': (port, server) => nginx(port, server, 'proxy_request_buffering off;'),
    'nginx that forwards odd fields': (port, server) =>
        nginx(port, server, 'proxy_request_buffering off; ignore_invalid_headers off; underscores_in_headers on;'),
    'haproxy': (port, server) => haproxy(port, server, ''),
    'haproxy that forwards odd requests': (port, server) => haproxy(port, server, 'option accept-invalid-http-request'),
};

const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

// The URL of a front of that name before `server`; it ends with the test.
export async function startFront(t, name, server) {
    const folder = await tempFolder(t);
    const port = await freePort();
    const { command, args, config } = fronts[name](port, new URL(server.url).host);
    await writeFile(join(folder, 'config'), config);
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += chunk));
    const ended = new Promise((done) => {
        child.on('close', done);
        child.on('error', (problem) => done((errors += problem.message)));
    });
    children.add(child);
    t.after(async () => {
        child.kill('SIGKILL');
        await ended;
        children.delete(child);
    });
    const failed = ended.then(() => Promise.reject(new Error(`${name} ended: ${errors}`)));
    failed.catch(() => {});
    await Promise.race([listening(port), failed]);
    return `http://127.0.0.1:${port}`;
}

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

// Neither says when it listens: it is asked until it does. The test's deadline bounds it.
async function listening(port) {
    for (;;) {
        const socket = net.connect(port, '127.0.0.1');
        const is_there = await new Promise((done) => {
            socket.on('connect', () => done(true));
            socket.on('error', () => done(false));
        });
        socket.destroy();
        if (is_there)
            return;
        await pause(5);
    }
}

function nginx(port, server, temper) {
    return {
        command: 'nginx', args: ['-p', '.', '-c', 'config', '-e', 'stderr'],
        config: `daemon off; master_process off; pid pid; error_log stderr crit;
            events { worker_connections 256; }
            http {
                access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;
                scgi_temp_path s;
                upstream server { server ${server}; keepalive 4; }
                server {
                    listen 127.0.0.1:${port};
                    client_header_timeout ${PATIENCE_MS}ms; client_body_timeout ${PATIENCE_MS}ms;
                    keepalive_timeout ${PATIENCE_MS}ms; lingering_timeout ${PATIENCE_MS}ms;
                    ${temper}
                    location / {
                        proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection "";
                        proxy_set_header X-Request-Id front-$request_id;
                    }
                }
            }`,
    };
}

function haproxy(port, server, temper) {
    return {
        command: 'haproxy', args: ['-q', '-db', '-f', 'config'],
        config: `
global
    nbthread 1
    maxconn 256
defaults
    mode http
    timeout connect 5s
    timeout server 5s
    timeout client ${PATIENCE_MS}ms
    timeout http-request ${PATIENCE_MS}ms
    timeout http-keep-alive ${PATIENCE_MS}ms
    http-reuse always
frontend clients
    bind 127.0.0.1:${port}
    ${temper}
    http-request set-header X-Request-Id front-%[uuid()]
    default_backend servers
backend servers
    server one ${server}
`,
    };
}
