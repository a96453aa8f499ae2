// Load by wrk: constant questions, or one new person for each.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CLIENT_CORE, line, start, tempFolder } from './processes.mjs';

export const DOMAIN = 'bench.example';
export const question = (i) => ({ email: `p${i}@${DOMAIN}`, first_name: `p${i}`, channels: ['work_email'] });

const PERSON = `"email":"p' .. i .. '@${DOMAIN}","first_name":"p' .. i .. '"`;

// Runs wrk: {requests, seconds, rate, failed, p50_us, p99_us}. `body`: text; or for a new person each `lua` that changes
// their number `i`, and `person`, members of the question in a Lua string.
export async function wrk({ url, key, path = '/enrichment', body, lua, person = PERSON, first = 0, connections = 16, seconds = 3, cores = CLIENT_CORE }) {
    const script = join(await tempFolder(), 'load.lua');
    await writeFile(script, `
        wrk.method = "POST"
        wrk.path = "${path}"
        wrk.headers["Content-Type"] = "application/json"
        wrk.headers["Authorization"] = "Bearer ${key}"
        ${body ? `wrk.body = '${body}'` : unique(lua, first, person)}
        function done(summary, latency)
            local e = summary.errors
            io.write(string.format('RESULT {"requests":%d,"us":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\\n',
                summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
                latency:percentile(50), latency:percentile(99)))
        end`);
    const child = start(cores, 'wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', script, url]);
    const result = JSON.parse((await line(child, /RESULT (.*)\n/))[1]);
    await child.ended;
    return { ...result, seconds: result.us / 1e6, rate: result.requests / (result.us / 1e6) };
}

const unique = (lua, first, person) => `
    local i = ${first}
    function request()
        ${lua ?? 'i = i + 1'}
        return wrk.format(nil, nil, nil, '{${person},"channels":["work_email"]}')
    end`;

export const median = (numbers) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
};

export const percentile = (numbers, p) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p / 100))];
};

export const repeat = async (times, act) => {
    const results = [];
    for (let i = 0; i < times; i++)
        results.push(await act(i));
    return results;
};

// A row of the table; `is_kept` says whether the promise holds.
export const row = (what, measured, promised, is_kept) => ({ what, measured, promised, verdict: is_kept ? 'kept' : '**missed**' });

export async function post({ url, key }, body) {
    const answer = await fetch(`${url}/enrichment`, {
        method: 'POST', body: JSON.stringify(body),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

export async function balance({ url, key }) {
    const answer = await fetch(`${url}/credits`, { headers: { authorization: `Bearer ${key}` } });
    return (await answer.json()).balance;
}
