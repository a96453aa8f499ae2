// Requests that no client library would send: each provokes, of any operation, the status it is named after.
import { raw } from '../../flow/support/client.mjs';

const TOO_LONG = 'x'.repeat(70000);

// {status: bytes}; a request that never comes to its end is 408.
export function transportRequests({ method, path }, key) {
    const target = path.replace('{id}', 'lead_none').replace('{channel}', 'phone');
    const json = 'Content-Type: application/json\r\n';
    const request = (headers, { verb = method, to = target, version = '1.1' } = {}) =>
        `${verb} ${to} HTTP/${version}\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n${headers}\r\n`;
    return {
        400: request('Host: b\r\n'),
        405: request('Content-Length: 0\r\n', { verb: 'PATCH' }),
        408: request('').slice(0, -2),
        413: request(`${json}Content-Length: 99999999\r\n`),
        414: request('', { to: `${target}?${TOO_LONG}` }),
        417: request(`${json}Content-Length: 2\r\nExpect: the-worst\r\n`),
        431: request(`X-Long: ${TOO_LONG}\r\n`),
        501: request(`${json}Transfer-Encoding: gzip, chunked\r\n`),
        505: request('', { version: '2.0' }),
    };
}

// {status, headers, text, json}, as the other client has it.
export async function askRaw(url, bytes) {
    const socket = raw(url, bytes);
    const whole = await socket.ended;
    const end = whole.indexOf('\r\n\r\n');
    const [first, ...lines] = whole.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim()]));
    const text = whole.slice(end + 4);
    return { status: Number(first.split(' ')[1]), headers, text, json: JSON.parse(text) };
}
