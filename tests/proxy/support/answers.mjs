// Bytes out, answers in: strictly, so that an answer that is framed wrong is noticed.
import assert from 'node:assert/strict';
import { raw } from '../../flow/support/client.mjs';

// Sends and waits for the end of the connection.
export async function say(url, bytes) {
    return raw(url, Buffer.from(bytes, 'latin1')).ended;
}

// The answers in a connection's text: [{status, headers, body}], without 1xx. Those of the numbers in `heads`
// are to HEAD: they announce a body that does not come.
export function answersIn(text, heads = []) {
    const answers = [];
    while (text !== '') {
        const head = /^HTTP\/1\.[01] (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(text);
        assert.ok(head, `no answer: ${JSON.stringify(text)}`);
        const headers = Object.fromEntries(head[2].split('\r\n').slice(0, -1)
            .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
        const length = head[1][0] === '1' || heads.includes(answers.length) ? 0 : bodyLength(headers, text.length - head[0].length);
        const body = text.slice(head[0].length, head[0].length + length);
        assert.equal(body.length, length, `cut short: ${JSON.stringify(text)}`);
        text = text.slice(head[0].length + length);
        if (head[1][0] !== '1')
            answers.push({ status: Number(head[1]), headers, body });
    }
    return answers;
}

// As a front gives them: to HTTP/0.9 without a head, and to HTTP/2 in frames.
export function frontAnswersIn(text, heads) {
    return text === '' || text.startsWith('HTTP/1.') ? answersIn(text, heads) : [{ status: 0, headers: {}, body: text }];
}

// Without a length it goes on to the end of the connection.
function bodyLength(headers, rest) {
    return headers['content-length'] === undefined ? rest : Number(headers['content-length']);
}

export const statuses = (answers) => answers.map((answer) => answer.status);
