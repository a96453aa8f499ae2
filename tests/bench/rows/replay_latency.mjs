// How long a replay takes, with 16 connections that never pause.
import { startServer } from '../support/processes.mjs';
import { median, post, repeat, row, wrk } from '../support/load.mjs';

const ask = { email: 'chloe.walker@westmarkrobotics.com', channels: ['work_email', 'phone', 'linkedin_url'] };

export default async function replayLatency() {
    const server = await startServer({ sandbox: true });
    await post(server, ask);
    const runs = await repeat(5, () => wrk({ ...server, body: JSON.stringify(ask), connections: 16, seconds: 3 }));
    const p99 = median(runs.map((run) => run.p99_us)) / 1000;
    const rate = Math.round(median(runs.map((run) => run.rate)));
    return [row(`replay p99, 16 connections, ${rate} a second`, `${p99.toFixed(2)} ms`, 'under 1 ms', p99 < 1)];
}
