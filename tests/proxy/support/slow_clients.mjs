// slowhttptest: many clients at once that send or read as slowly as they can.
import { spawn } from 'node:child_process';
import { readdir, readlink } from 'node:fs/promises';

export const CLIENTS = 200;
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

// Starts them: {has_ended, has_given_up, printed}. They end after `seconds` (they have given up), or when all were cut off:
// then what they printed has "No open connections left".
export function startSlowClients(t, url, seconds, args) {
    const child = spawn('slowhttptest', [...args, '-c', CLIENTS, '-r', 2 * CLIENTS, '-l', seconds, '-p', 1, '-u', url].map(String),
        { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    children.add(child);
    const clients = { has_ended: false, has_given_up: false };
    clients.printed = new Promise((done) => {
        child.on('error', (problem) => done(problem.message));
        child.on('close', () => done(text));
    }).then((text) => {
        children.delete(child);
        clients.has_ended = true;
        clients.has_given_up = !/No open connections left/.test(text);
        return text;
    });
    t.after(async () => {
        child.kill('SIGKILL');
        await clients.printed;
    });
    return clients;
}

// A field's value that slowhttptest writes as it is, and a key with it, for which it has no option.
export const withKey = (value, key) => `${value}\r\nAuthorization: Bearer ${key}`;

// The sockets that a process has open.
export async function socketsOf(pid) {
    const folder = `/proc/${pid}/fd`;
    const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
    return links.filter((link) => link.startsWith('socket:')).length;
}
