// HTTP/1.1 as RFC 9110 and 9112 have it: against the server itself, and against it behind proxies that others
// wrote, where no request may be smuggled past them.
import assert from 'node:assert/strict';
import test from '../flow/support/test.mjs';
import { raw } from '../flow/support/client.mjs';
import { Server } from '../flow/support/server.mjs';
import { answersIn, frontAnswersIn, say, statuses } from './support/answers.mjs';
import { fronts, STAMP, startFront } from './support/fronts.mjs';
import { cases, ECHOED, EXPECTED, EXPECTING, fragments, GOOD, whole } from './support/http11_cases.mjs';

const requestsAt = (server) => server.logLines().filter(({ msg }) => msg === 'request' || msg === 'request refused');
const logged = (server, id) => server.logged(new RegExp(`"request_id":"${id}"`));

function check(example, answers) {
    assert.equal(answers.length, example.statuses.length, JSON.stringify(answers));
    example.statuses.forEach((wanted, i) =>
        assert.ok([wanted].flat().includes(answers[i].status), `${statuses(answers)} instead of ${example.statuses}`));
    for (const i of example.echoes ?? [])
        assert.ok(answers[i].body.includes(`"${ECHOED}"`), answers[i].body);
}

test('the server answers as HTTP/1.1 asks', async (t) => {
    const server = await Server.start(t);
    for (const example of cases) {
        await t.test(example.name, async () => {
            const before = requestsAt(server).length;
            const answers = answersIn(await say(server.url, example.bytes.replaceAll('{key}', server.key)), example.heads);
            check(example, answers);
            answers.forEach(({ status, headers }, i) => {
                assert.equal(headers.connection?.toLowerCase() === 'close', i === answers.length - 1);
                assert.match(headers.date, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
                assert.ok(headers['x-request-id'] && !('transfer-encoding' in headers));
                assert.equal(headers['content-type'], `application/${status >= 400 ? 'problem+' : ''}json`);
            });
            await logged(server, answers.at(-1).headers['x-request-id']);
            assert.equal(requestsAt(server).length - before, answers.length);
        });
    }
});

test('the server waits for the rest of a request', async (t) => {
    const server = await Server.start(t);
    for (const { name, parts } of fragments) {
        await t.test(`that is cut ${name}`, async () => {
            const socket = raw(server.url);
            await part(socket, parts[0]);
            for (let i = 0; i < 3; i++) // later than the part was: it has been read
                assert.equal((await server.client.get('/health')).status, 200);
            assert.equal(socket.text, '');
            assert.equal(socket.is_over, false);
            socket.write(parts[1] + GOOD);
            assert.deepEqual(statuses(answersIn(await socket.ended)), [200, 200]);
        });
    }
});

for (const { name, bytes, status } of whole)
    test(`${name} is understood, wherever it is cut`, async (t) => {
        const server = await Server.start(t);
        const request = bytes.replaceAll('{key}', server.key);
        const socket = raw(server.url);
        for (let at = 1; at < request.length; at++) {
            await part(socket, request.slice(0, at));
            assert.equal(socket.text, '');
            socket.write(request.slice(at), 'latin1');
            await socket.until({ test: isWhole });
            const [answer] = answersIn(socket.text);
            assert.equal(answer.status, status, `cut at ${at}: ${answer.body}`);
            assert.ok(status === 200 || answer.body.includes(`"${ECHOED}"`), `cut at ${at}: ${answer.body}`);
            socket.text = '';
        }
        socket.destroy();
    });

// Handed to the kernel, with a turn of the loop behind it.
async function part(socket, bytes) {
    socket.setNoDelay(true);
    await new Promise((done) => socket.write(bytes, 'latin1', done));
    await new Promise(setImmediate);
}

function isWhole(text) {
    try {
        return answersIn(text).length === 1;
    } catch {
        return false;
    }
}

test('a client that expects 100 gets it before the body, once', async (t) => {
    const server = await Server.start(t);
    const socket = raw(server.url, EXPECTING.replaceAll('{key}', server.key));
    assert.equal(await socket.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(EXPECTED + GOOD);
    const text = await socket.ended;
    assert.equal(text.match(/HTTP\/1\.1 100 /g).length, 1);
    assert.deepEqual(statuses(answersIn(text)), [422, 200]);
});

test('a client that expects 100 and is refused hears only that', async (t) => {
    const server = await Server.start(t);
    const text = await say(server.url, EXPECTING.replaceAll('{key}', 'nobody'));
    assert.match(text, /^HTTP\/1\.1 401 /);
});

test('nothing is smuggled past a front', { concurrency: true }, async (t) => {
    await Promise.all(Object.keys(fronts).map((name) => t.test(name, (t) => attack(t, name))));
});

// One case after the other, so that all share the front's few connections to the server.
async function attack(t, name) {
    const server = await Server.start(t);
    const front = await startFront(t, name, server);
    let asked = 0;
    for (const example of cases) {
        await t.test(example.name, async () => {
            const text = await say(front, example.bytes.replaceAll('{key}', server.key));
            const answers = frontAnswersIn(text, example.heads);
            if (!example.is_refused && !example.is_disputed)
                check(example, answers);
            assert.ok(!example.is_desync || answers.length <= 1, text);
            asked += answers.length + 1;
            await checkNext(server, front);
            checkSeen(server, asked);
        });
    }
    await server.stop();
    checkSeen(server, asked);
}

// A good request gets its own answer, by the front and by the server.
async function checkNext(server, front) {
    const answers = answersIn(await say(front, GOOD));
    assert.deepEqual(statuses(answers), [200]);
    assert.equal(answers[0].body, '{"status":"ok"}');
    assert.match(answers[0].headers['x-request-id'], STAMP);
    await logged(server, answers[0].headers['x-request-id']);
}

// No more requests at the server than the front answered, and every one stamped by it, or refused unread.
function checkSeen(server, asked) {
    const seen = requestsAt(server);
    assert.deepEqual(seen.filter(({ msg, request_id }) => msg === 'request' && !STAMP.test(request_id)), []);
    assert.ok(seen.length <= asked, `${seen.length} requests came, ${asked} were answered`);
}
