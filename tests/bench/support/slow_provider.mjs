// A provider that takes its time: node slow_provider.mjs MS. Prints its address; /miss misses, /hit knows
// everybody, /times tells how long each question really took here (name to milliseconds).
import http from 'node:http';

const wait_ms = Number(process.argv[2]);
const times = new Map();
const now = () => Number(process.hrtime.bigint()) / 1e6;

const server = http.createServer({ keepAliveTimeout: 600000 }, (request, response) => {
    const began = now();
    const url = new URL(request.url, 'http://provider');
    if (url.pathname === '/times') {
        response.end(JSON.stringify(Object.fromEntries(times)));
        times.clear();
        return;
    }
    const name = url.searchParams.get('name');
    const text = url.pathname === '/hit' ? JSON.stringify({ email: `${name}@bench.example` }) : '{}';
    setTimeout(() => {
        response.writeHead(url.pathname === '/hit' ? 200 : 404, { 'content-type': 'application/json', 'content-length': text.length });
        response.end(text);
        times.set(name, (times.get(name) ?? 0) + now() - began);
    }, wait_ms);
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 16384 }, () => console.log(`provider at http://127.0.0.1:${server.address().port}`));
