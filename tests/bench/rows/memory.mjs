// Memory: idle, and with ten thousand lookups in flight.
import net from 'node:net';
import { filesMax, memoryOf, startServer } from '../support/processes.mjs';
import { question, row } from '../support/load.mjs';
import { slowProviders } from '../support/providers.mjs';

const WANTED = 10000;

export default async function memory() {
    return [await idle(), await inFlight()];
}

async function idle() {
    const server = await startServer({ sandbox: true });
    const mb = await memoryOf(server.pid, 'VmRSS');
    return row('idle memory', `${mb.toFixed(1)} MB`, 'at most 12 MB', mb <= 12);
}

async function inFlight() {
    // The clients take a file each; calls to providers share what is left and wait their turn.
    const count = Math.min(WANTED, await filesMax() - 1000);
    const { entries } = await slowProviders(10000, 60000);
    const server = await startServer({
        config: {
            server: { connections_max: count, request_ms: 60000 },
            lookup: { deadline_ms: 120000, in_flight_max: count },
            providers: entries,
        },
    });
    const answers = await Promise.all([...Array(count).keys()].map((i) => ask(server, question(i))));
    const answered = answers.filter((text) => text.startsWith('HTTP/1.1 200') && text.includes('@bench.example')).length;
    const mb = await memoryOf(server.pid, 'VmHWM');
    return row(`${count} lookups in flight`, `${mb.toFixed(0)} MB at the peak, ${answered} answered`,
        `at most 200 MB, all answered`, mb <= 200 && answered === WANTED);
}

function ask({ url, key }, body) {
    const { hostname, port } = new URL(url);
    const text = JSON.stringify(body);
    return new Promise((done) => {
        let answer = '';
        const socket = net.connect(Number(port), hostname);
        socket.on('data', (chunk) => (answer += chunk));
        socket.on('error', () => {});
        socket.on('close', () => done(answer));
        socket.write(`POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    });
}
