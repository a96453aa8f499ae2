// What a replay costs the server's CPU, beside nginx sending the same bytes for the same POST.
import { cpuOf, startNginx, startServer } from '../support/processes.mjs';
import { median, post, repeat, row, wrk } from '../support/load.mjs';

const ask = { email: 'chloe.walker@westmarkrobotics.com', channels: ['work_email', 'phone', 'linkedin_url'] };
// What nginx sets by itself.
const own = ['content-type', 'content-length', 'connection', 'date', 'server', 'keep-alive'];

export default async function replayCpu() {
    const ours = await startServer({ sandbox: true });
    await post(ours, ask);
    const replay = await post(ours, ask);
    if (replay.headers.get('idempotent-replayed') !== 'true')
        throw new Error('this is no replay');
    const nginx = { ...await startNginx(sameAnswer(replay)), key: ours.key };

    await cost(ours, 1);
    await cost(nginx, 1);
    const pairs = await repeat(7, async () => ({ ours: await cost(ours, 2), nginx: await cost(nginx, 2) }));
    const a = median(pairs.map((p) => p.ours));
    const b = median(pairs.map((p) => p.nginx));
    const ratio = median(pairs.map((p) => p.ours / p.nginx));
    return [row('a replay, server CPU, against nginx `return 200`',
        `${a.toFixed(2)} µs to ${b.toFixed(2)} µs: ${ratio.toFixed(2)} ×`, 'at most 1.5 ×', ratio <= 1.5)];
}

function sameAnswer({ headers, text }) {
    const quoted = (s) => `'${s.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
    const lines = [...headers].filter(([name]) => !own.includes(name)).map(([name, value]) => `add_header ${name} ${quoted(value)};`);
    return `location / { ${lines.join(' ')} return 200 ${quoted(text)}; }`;
}

async function cost(server, seconds) {
    const before = await cpuOf(server.pid);
    const { requests, failed } = await wrk({ ...server, body: JSON.stringify(ask), connections: 16, seconds });
    if (failed > 0)
        throw new Error(`${failed} requests failed`);
    return (await cpuOf(server.pid) - before) / requests;
}
