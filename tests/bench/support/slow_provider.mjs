// A provider that takes its time: node slow_provider.mjs MS [HOSTS]. Prints the address of each host; /miss misses, /hit knows
// everybody, /times tells how long each question really took here (name to milliseconds), /peak how many were under way
// at once at most, and how many hosts were asked.
import http from 'node:http';

const wait_ms = Number(process.argv[2]);
const times = new Map();
const hosts = new Set();
let count = 0;
let peak = 0;
const now = () => Number(process.hrtime.bigint()) / 1e6;

const serve = (request, response) => {
    const began = now();
    const url = new URL(request.url, 'http://provider');
    if (url.pathname === '/times') {
        response.end(JSON.stringify(Object.fromEntries(times)));
        times.clear();
        return;
    }
    if (url.pathname === '/peak') {
        response.end(JSON.stringify({ peak, used: hosts.size }));
        return;
    }
    const name = url.searchParams.get('name');
    hosts.add(request.headers.host);
    peak = Math.max(peak, ++count);
    const text = url.pathname === '/hit' ? JSON.stringify({ email: `${name}@bench.example` }) : '{}';
    setTimeout(() => {
        response.writeHead(url.pathname === '/hit' ? 200 : 404, { 'content-type': 'application/json', 'content-length': text.length });
        response.end(text);
        count--;
        times.set(name, (times.get(name) ?? 0) + now() - began);
    }, wait_ms);
};

const listening = [...Array(Number(process.argv[3] ?? 1)).keys()].map(() => new Promise((done) => {
    const server = http.createServer({ keepAliveTimeout: 600000 }, serve);
    server.listen({ port: 0, host: '127.0.0.1', backlog: 16384 }, () => done(`http://127.0.0.1:${server.address().port}`));
}));
console.log(`provider at ${(await Promise.all(listening)).join(',')}`);
