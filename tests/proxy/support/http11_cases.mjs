// HTTP/1.1 requests, nasty and good, as bytes: {name, bytes, statuses, ...}. `{key}` stands for a key.
//   taken    is followed by a last request: all answered, and closed only because that one asks for it. A front
//            may refuse it where it is disputed;
//   refused  is followed by a request that our server does not answer: one answer, and closed. A front may
//            repair what our server refuses (RFC 9112 lets it), and then it answers that request too;
//   desync   is refused, and a front that repairs it and goes on would be open to smuggling itself.
const GET = 'GET /health HTTP/1.1\r\nHost: a\r\n';
const POST = 'POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const ECHO = '{"x_ab":1}'; // ten bytes; the server repeats the member in its 422
const HELLO = `a\r\n${ECHO}\r\n0\r\n\r\n`;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nX-Request-Id: smuggled\r\n\r\n';
const LAST = `${GET}Connection: close\r\n\r\n`;

const hex = (text) => text.length.toString(16);
const taken = (name, bytes, statuses, more) => ({ name, bytes: bytes + LAST, statuses: [...statuses, 200], ...more });
const refused = (name, bytes, status = 400) => ({ name, bytes: bytes + SMUGGLED, statuses: [status], is_refused: true });
const desync = (name, bytes) => ({ ...refused(name, bytes), is_desync: true });
const length = (name, value, status) => refused(`Content-Length ${name}`, `${POST}Content-Length:${value}\r\n\r\n${ECHO}`, status);
const coding = (name, value, status) => refused(`Transfer-Encoding ${name}`, `${POST}Transfer-Encoding:${value}\r\n\r\n${HELLO}`, status);
const chunk = (name, bytes, status) => refused(`a chunk ${name}`, CHUNKED + bytes, status);
const field = (name, line) => refused(`a field ${name}`, `${GET}${line}\r\n\r\n`);
const line = (name, bytes, status) => refused(`a request line ${name}`, `${bytes}\r\nHost: a\r\n\r\n`, status);
const host = (name, lines) => refused(`Host ${name}`, `GET /health HTTP/1.1\r\n${lines}\r\n`);

export const cases = [
    // framing that is right
    taken('a GET', `${GET}\r\n`, [200]),
    taken('a HEAD has no body', `HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n`, [200], { heads: [0] }),
    taken('a HEAD of nothing has no body', `HEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n`, [404], { heads: [0] }),
    taken('a HEAD with a body', `HEAD /health HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [200], { heads: [0] }),
    taken('a body of known length', `${POST}Content-Length: 10\r\n\r\n${ECHO}`, [422], { echoes: [0] }),
    taken('a body in chunks', CHUNKED + HELLO, [422], { echoes: [0] }),
    taken('a body in chunks of one byte', `${CHUNKED}${[...ECHO].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`, [422], { echoes: [0] }),
    taken('a chunk size with zeros before it', `${CHUNKED}000a\r\n${ECHO}\r\n000\r\n\r\n`, [422], { echoes: [0] }),
    taken('a chunk with extensions', `${CHUNKED}a;b=c;d="e f"\r\n${ECHO}\r\n0;z\r\n\r\n`, [422], { echoes: [0] }),
    taken('trailers', `${CHUNKED}a\r\n${ECHO}\r\n0\r\nDigest: 1\r\nContent-Length: 99\r\n\r\n`, [422], { echoes: [0] }),
    taken('the coding in capitals', `${POST}TRANSFER-ENCODING: CHUNKED\r\n\r\n${HELLO}`, [422], { echoes: [0] }),
    taken('a length of zero, and a request behind it', `${POST}Content-Length: 0\r\n\r\n${GET}\r\n`, [400, 200]),
    taken('a length with zeros before it', `${POST}Content-Length: 0010\r\n\r\n${ECHO}`, [422], { echoes: [0] }),
    taken('a body that looks like a request', `${POST}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [400]),
    taken('a chunk that looks like a request', `${CHUNKED}${hex(SMUGGLED)}\r\n${SMUGGLED}\r\n0\r\n\r\n`, [400]),
    taken('a GET whose body looks like a request', `${GET}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, [200]),
    taken('a GET whose chunk looks like a request', `${GET}Transfer-Encoding: chunked\r\n\r\n${hex(SMUGGLED)}\r\n${SMUGGLED}\r\n0\r\n\r\n`, [200]),
    taken('requests in one write', `${GET}\r\n${POST}Content-Length: 10\r\n\r\n${ECHO}${CHUNKED}${HELLO}HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n`,
        [200, 422, 422, 200], { echoes: [1, 2], heads: [3] }),
    taken('a hundred requests in one write', `${GET}\r\n`.repeat(100), Array(100).fill(200)),
    taken('a path that is not there', 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n', [404]),
    taken('a method that the path does not take', 'DELETE /health HTTP/1.1\r\nHost: a\r\n\r\n', [405]),
    taken('an upgrade is not followed', `${GET}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`, [200]),
    taken('an empty line before the request line', `\r\n${GET}\r\n\r\n${GET}\r\n`, [200, 200]),
    taken('an empty field, and one of bytes over 127', `${GET}X-A:\r\nX-B: \t \r\nX-C: \xc3\xa4\r\n\r\n`, [200]),
    taken('an absolute target', 'GET http://a/health HTTP/1.1\r\nHost: a\r\n\r\n', [200]),
    taken('an absolute target and another Host', 'GET http://b/health HTTP/1.1\r\nHost: a\r\n\r\n', [200], { is_disputed: true }),
    taken('Expect with its body behind it', `${POST}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n${ECHO}`, [422], { echoes: [0] }),
    taken('Expect in capitals', `${POST}Content-Length: 10\r\nExpect: 100-CONTINUE\r\n\r\n${ECHO}`, [422], { echoes: [0] }),
    taken('HTTP/1.0 that asks to stay', 'GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', [200]),
    taken('a length beside a name that only looks like a coding', `${GET}Transfer_Encoding: chunked\r\nContent-Length: ${`0\r\n\r\n${SMUGGLED}`.length}\r\n\r\n0\r\n\r\n${SMUGGLED}`, [200]),

    // the client closes, so nothing behind it counts
    { name: 'HTTP/1.0', bytes: `GET /health HTTP/1.0\r\n\r\n${SMUGGLED}`, statuses: [200] },
    { name: 'HTTP/1.0 with a body', bytes: `${POST.replace('1.1', '1.0')}Content-Length: 10\r\n\r\n${ECHO}${SMUGGLED}`, statuses: [422], echoes: [0] },
    { name: 'HTTP/1.0 with Expect', bytes: `${POST.replace('1.1', '1.0')}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n${ECHO}${SMUGGLED}`, statuses: [422] },
    { name: 'Connection: close', bytes: `${GET}Connection: close\r\n\r\n${SMUGGLED}`, statuses: [200] },
    { name: 'Connection: close among others, in capitals', bytes: `${GET}Connection: x, CLOSE\r\n\r\n${SMUGGLED}`, statuses: [200] },

    // an answer before a body that comes: it is not read as a request
    refused('a body for nobody known', `POST /enrichment HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n${ECHO}`, 401),
    refused('a body of no media type', `POST /enrichment HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: 10\r\n\r\n${ECHO}`, 415),
    refused('a body for no path', `POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, 404),
    refused('an expectation of something else', `${POST}Content-Length: 10\r\nExpect: 200-ok\r\n\r\n${ECHO}`, 417),

    // lengths
    length('with a plus', ' +10'),
    length('negative', ' -10'),
    length('negative zero', ' -0'),
    length('hexadecimal', ' 0xa'),
    length('with an underscore', ' 1_0'),
    length('with a space inside', ' 1 0'),
    length('of a word', ' ten'),
    length('with a fraction', ' 10.0'),
    length('with an exponent', ' 1e1'),
    length('empty', ''),
    length('blank', ' \t '),
    length('that overflows 64 bits', ' 18446744073709551626'),
    length('of more bytes than a request may have', ' 9999999999', 413),
    length('twice the same', ` 10\r\nContent-Length: 10`),
    length('twice', ` 10\r\nContent-Length: ${10 + SMUGGLED.length}`),
    length('twice, the other way around', ` ${10 + SMUGGLED.length}\r\nContent-Length: 10`),
    length('as a list of the same', ' 10, 10'),
    length('as a list', ` 10, ${10 + SMUGGLED.length}`),
    length('in quotes', ' "10"'),
    length('behind a vertical tab', '\x0b10'),
    length('before a no-break space', ' 10\xa0'),
    length('before a next-line character', ' 10\x85'),
    length('before a NUL', ' 10\0'),
    length('with a space before its colon', ` 0\r\nContent-Length : 10`),
    length('in a folded line', '\r\n 10'),

    // length and coding
    desync('CL.TE', `${POST}Content-Length: ${`0\r\n\r\n${SMUGGLED}`.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
    desync('TE.CL', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${hex(SMUGGLED)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    desync('TE.0', `${POST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n${hex(SMUGGLED)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
    ...[['spaced', 'Transfer-Encoding : chunked'], ['a tab before the colon', 'Transfer-Encoding\t: chunked'],
        ['a vertical tab', 'Transfer-Encoding:\x0bchunked'], ['a prefix', 'Transfer-Encoding: xchunked'],
        ['a leading comma', 'Transfer-Encoding: ,chunked'], ['identity', 'Transfer-Encoding: chunked, identity'],
        ['a bare line feed', 'X-A: 1\nTransfer-Encoding: chunked'], ['a bare carriage return', 'X-A: 1\rTransfer-Encoding: chunked'],
        ['folded', 'Transfer-Encoding:\r\n chunked'], ['folded away', 'X-A: 1\r\n Transfer-Encoding: chunked'],
        ['a NUL in the name', 'Transfer-Encoding\0: chunked'], ['quotes', 'Transfer-Encoding: "chunked"'],
        ['twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity'], ['empty and right', 'Transfer-Encoding:\r\nTransfer-Encoding: chunked'],
    ].map(([name, te]) => desync(`a length and a coding with ${name}`,
        `${POST}Content-Length: ${`0\r\n\r\n${SMUGGLED}`.length}\r\n${te}\r\n\r\n0\r\n\r\n`)),

    // codings
    coding('twice', ' chunked\r\nTransfer-Encoding: chunked'),
    coding('twice in a list', ' chunked, chunked'),
    coding('with a leading comma', ' ,chunked'),
    coding('with a trailing comma', ' chunked,'),
    coding('that does not end with chunked', ' chunked, gzip'),
    coding('unknown', ' xchunked'),
    coding('identity', ' identity'),
    coding('empty', ''),
    coding('in quotes', ' "chunked"'),
    coding('with a parameter', ' chunked;q=1'),
    coding('behind a vertical tab', ' \x0bchunked'),
    coding('before a form feed', ' chunked\x0c'),
    coding('unknown under chunked', ' gzip, chunked', 501),
    refused('Transfer-Encoding in HTTP/1.0', `${POST.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n${HELLO}`),

    // chunks
    chunk('size with 0x', `0xa\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size with an underscore', `0_a\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size with a plus', `+a\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size with a minus', `-a\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size behind a space', ` a\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size before a space', `a \r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size that is empty', `\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size that is an extension only', `;a\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size that is a word', `ten\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size that overflows 64 bits', `1000000000000000a\r\n${ECHO}\r\n0\r\n\r\n`, [400, 413]),
    chunk('size that is too large', `fffffffffffffff\r\n${ECHO}\r\n`, 413),
    chunk('size before a bare line feed', `a\n${ECHO}\r\n0\r\n\r\n`),
    chunk('size before a carriage return and a letter', `a\rX${ECHO}\r\n0\r\n\r\n`),
    chunk('extension before a bare line feed', `a;b\n${ECHO}\r\n0\r\n\r\n`),
    chunk('extension with a carriage return', `a;b\rc\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('extension with a NUL', `a;\0\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('extension that is long', `a;${'b'.repeat(300)}\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('that ends with two other bytes', `a\r\n${ECHO}XX0\r\n\r\n`),
    chunk('that ends with a bare line feed', `a\r\n${ECHO}\n0\r\n\r\n`),
    chunk('longer than its size', `9\r\n${ECHO}\r\n0\r\n\r\n`),
    chunk('that is the last, before a bare line feed', `a\r\n${ECHO}\r\n0\r\n\n`),
    chunk('that is the last, before a carriage return and a letter', `a\r\n${ECHO}\r\n0\r\n\rX`),
    chunk('whose trailer has a space before the colon', `a\r\n${ECHO}\r\n0\r\nA : 1\r\n\r\n`),
    chunk('whose trailer has no colon', `a\r\n${ECHO}\r\n0\r\nA\r\n\r\n`),
    chunk('whose trailer has no name', `a\r\n${ECHO}\r\n0\r\n: 1\r\n\r\n`),
    chunk('whose trailer is folded', `a\r\n${ECHO}\r\n0\r\nA: 1\r\n 2\r\n\r\n`),
    chunk('whose trailer ends with a bare line feed', `a\r\n${ECHO}\r\n0\r\nA: 1\n\r\n`),
    chunk('whose trailer is longer than a request may be', `a\r\n${ECHO}\r\n0\r\nA: ${'b'.repeat(5000)}\r\n\r\n`, 431),

    // fields
    field('with a space before its colon', 'X-A : 1'),
    field('with a tab before its colon', 'X-A\t: 1'),
    field('without a colon', 'X-A'),
    field('without a name', ': 1'),
    field('with a space in its name', 'X A: 1'),
    field('with a parenthesis in its name', 'X(: 1'),
    field('with a byte over 127 in its name', 'X\xa0: 1'),
    field('with a NUL in its name', 'X\0: 1'),
    field('with a NUL', 'X-A: 1\x002'),
    field('with a control character', 'X-A: 1\x01'),
    field('with a delete', 'X-A: 1\x7f'),
    field('with a carriage return', 'X-A: 1\r2'),
    field('with a line feed', 'X-A: 1\nX-B: 2'),
    field('with two carriage returns at its end', 'X-A: 1\r'),
    field('folded', 'X-A: 1\r\n 2'),
    field('folded with a tab', 'X-A: 1\r\n\t2'),
    refused('white space before the first field', `GET /health HTTP/1.1\r\n Host: a\r\n\r\n`),
    refused('a head that ends with a bare line feed', `${GET}\n`),
    refused('a head that ends with a carriage return and a letter', `${GET}\rX`),
    refused('fields of more bytes than a request may have', `${GET}X-A: ${'b'.repeat(40000)}\r\n\r\n`, 431),
    refused('more fields than a request may have', `${GET}${'X-A: 1\r\n'.repeat(64)}\r\n`, 431),

    // the request line
    line('without version', 'GET /health'),
    line('without target', 'GET HTTP/1.1'),
    line('with two spaces before the target', 'GET  /health HTTP/1.1'),
    line('with two spaces behind the target', 'GET /health  HTTP/1.1'),
    line('with a tab', 'GET\t/health HTTP/1.1'),
    line('with a space at its end', 'GET /health HTTP/1.1 '),
    line('with a word too many', 'GET /health x HTTP/1.1'),
    line('with a line feed inside', 'GET /health\n HTTP/1.1'),
    line('with a NUL', 'GET /health\0 HTTP/1.1'),
    line('with a byte over 127', 'GET /health\xc3\xa4 HTTP/1.1'),
    line('with a fragment', 'GET /health#a HTTP/1.1'),
    line('with a target of no slash', 'GET health HTTP/1.1'),
    line('with a target of another scheme', 'GET ftp://a/health HTTP/1.1'),
    line('with a user in its target', 'GET http://u:p@a/health HTTP/1.1'),
    line('with an asterisk', 'GET * HTTP/1.1'),
    line('of HTTP/0.9', 'GET /health HTTP/0.9', 505),
    line('of HTTP/1.2', 'GET /health HTTP/1.2', 505),
    line('of HTTP/2.0', 'GET /health HTTP/2.0', 505),
    line('of HTTP/9.9', 'GET /health HTTP/9.9', 505),
    line('of HTTP/1.257', 'GET /health HTTP/1.257'),
    line('of HTTP/11.1', 'GET /health HTTP/11.1'),
    line('of http/1.1', 'GET /health http/1.1'),
    line('of another protocol', 'GET /health RTSP/1.0'),
    line('that ends with a bare line feed', 'GET /health HTTP/1.1\nX-A: 1'),
    line('with a method that nobody knows', 'BREW /health HTTP/1.1', 501),
    line('with a method that begins like one', 'GETX /health HTTP/1.1', 501),
    line('with the beginning of a method', 'GE /health HTTP/1.1', 501),
    line('with a method in small letters', 'get /health HTTP/1.1', 501),
    line('with a method that is no token', 'G(T /health HTTP/1.1'),
    line('with CONNECT', 'CONNECT a:80 HTTP/1.1', 501),
    line('with a target longer than a request may have', `GET /${'x'.repeat(40000)} HTTP/1.1`, 414),
    refused('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
    refused('the first bytes of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
    refused('a space before the request line', ` ${GET}\r\n`),
    refused('a bare line feed before the request line', `\n${GET}\r\n`),
    refused('many empty lines before the request line', `${'\r\n'.repeat(50)}${GET}\r\n`),

    // Host
    host('missing', ''),
    host('twice', 'Host: a\r\nHost: b\r\n'),
    host('twice the same', 'Host: a\r\nhost: a\r\n'),
    host('empty', 'Host:\r\n'),
    host('with a path', 'Host: a/b\r\n'),
    host('with a user', 'Host: u@a\r\n'),
    host('with a space', 'Host: a b\r\n'),
    host('with a list', 'Host: a, b\r\n'),
    host('with a port of letters', 'Host: a:8x\r\n'),
    host('with a port over 65535', 'Host: a:65536\r\n'),
    host('with an open bracket', 'Host: [::1\r\n'),
    host('behind a space before its colon', 'Host : a\r\n'),
];

// Requests that come in two parts: nothing is answered before the second.
export const fragments = [
    ['in the method', 'GE', 'T /health HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['behind the method', 'GET', ' /health HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['before the target', 'GET ', '/health HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['in the target', 'GET /hea', 'lth HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['before the version', 'GET /health ', 'HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['in the name of the protocol', 'GET /health HT', 'TP/1.1\r\nHost: a\r\n\r\n'],
    ['in the version', 'GET /health HTTP/1.', '1\r\nHost: a\r\n\r\n'],
    ['behind the version', 'GET /health HTTP/1.1', '\r\nHost: a\r\n\r\n'],
    ['in the end of the request line', 'GET /health HTTP/1.1\r', '\nHost: a\r\n\r\n'],
    ['behind the request line', 'GET /health HTTP/1.1\r\n', 'Host: a\r\n\r\n'],
    ['in a name', 'GET /health HTTP/1.1\r\nHo', 'st: a\r\n\r\n'],
    ['behind a colon', 'GET /health HTTP/1.1\r\nHost:', ' a\r\n\r\n'],
    ['in a value', 'GET /health HTTP/1.1\r\nHost: a', 'b\r\n\r\n'],
    ['before the empty line', 'GET /health HTTP/1.1\r\nHost: a\r\n', '\r\n'],
    ['in the empty line', 'GET /health HTTP/1.1\r\nHost: a\r\n\r', '\n'],
].map(([name, ...parts]) => ({ name, parts }));

// Requests to split at every byte, and the status of their answer.
export const whole = [
    { name: 'a GET', bytes: `${GET}X-Empty:\r\nX-A: b \r\n\r\n`, status: 200 },
    { name: 'a body of known length', bytes: `${POST}Content-Length: 10\r\n\r\n${ECHO}`, status: 422 },
    { name: 'a body in chunks', bytes: `${CHUNKED}4;e="f"\r\n${ECHO.slice(0, 4)}\r\n6\r\n${ECHO.slice(4)}\r\n0\r\nDigest: 1\r\n\r\n`, status: 422 },
];

export const EXPECTING = `${POST}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n`;
export const EXPECTED = ECHO;
export const ECHOED = '/x_ab';
export const GOOD = LAST;
