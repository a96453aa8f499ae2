// People that nobody wrote down: a fixture's request with its person's words taken out is a pattern, its answer a
// mould. Whoever fits the pattern gets the answer with words of their own. Which channels are wanted does not matter.
import { canonical, keepPointers, wantNames } from './fixtures.mjs';

const capital = (word) => word.slice(0, 1).toUpperCase() + word.slice(1);
const encoded = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

// FNV-1a: the same people on every machine.
export function hash(text) {
    let value = 0x811c9dc5;
    for (let i = 0; i < text.length; i++)
        value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
    return value >>> 0;
}

const FIRST = ['Ada', 'Ben', 'Cleo', 'Dina', 'Emil', 'Fay', 'Gus', 'Hana', 'Ivo', 'June', 'Kai', 'Lena', 'Milo', 'Nora', 'Otto', 'Pia'];
const LAST = ['Abel', 'Brook', 'Castle', 'Dunn', 'Ebert', 'Frost', 'Gray', 'Hill', 'Ivers', 'Jung', 'Kern', 'Lang', 'Moss', 'Noor', 'Orth', 'Penn'];

// The i-th of a crowd.
export function inventPerson(i) {
    const first_name = FIRST[i % FIRST.length];
    const last_name = `${LAST[Math.floor(i / FIRST.length) % LAST.length]}${Math.floor(i / 256).toString(36)}`;
    const company_domain = `company-${i % 997}.example`;
    return {
        first_name, last_name, company_domain, email: `${first_name}.${last_name}@${company_domain}`.toLowerCase(),
        linkedin_url: `https://linkedin.com/in/${slugOf({ first: first_name, last: last_name, domain: company_domain })}`,
    };
}

function slugOf({ first, last, domain }) {
    const number = /^company-(\d+)\.example$/.exec(domain)?.[1] ?? hash(domain) % 997;
    return `${first}-${last}-${number}`.toLowerCase();
}

// Who is meant by some words of a request: {first, last, domain, isGuess: of the domain}; null when it cannot be told.
export function personOf(words) {
    const [local, mailDomain] = (words.email ?? '').split('@');
    const slug = words.linkedin_slug ?? words.linkedin_url?.split('/').pop();
    const [first, last] = words.full_name?.split(' ') ?? (words.first_name ? [words.first_name, words.last_name ?? '']
        : local ? local.split(/[._-]/) : slug?.split('-') ?? []);
    const said = words.company_domain ?? words.company_url?.replace('https://', '') ?? words.email_domain ?? mailDomain;
    const domain = said ?? (slug ? `company-${slug.split('-').pop()}.example` : '');
    if (!first && !domain)
        return null;
    return { first: first ?? '', last: last ?? '', domain, isGuess: said === undefined };
}

// What a request of these hints may spell out: [name, text], longer ones first.
function wordsOf(hints) {
    const words = Object.entries(hints);
    if (hints.linkedin_url)
        words.push(['linkedin_slug', hints.linkedin_url.split('/').pop()]);
    if (hints.email)
        words.push(['email_domain', hints.email.split('@')[1]]);
    if (hints.company_domain)
        words.push(['company_url', `https://${hints.company_domain}`]);
    if (hints.first_name && hints.last_name)
        words.push(['full_name', `${hints.first_name} ${hints.last_name}`]);
    return words.sort((a, b) => b[1].length - a[1].length);
}

// A text with words in it as a regular expression: {regex, names}. `write` is how a word stands in it.
function patternOf(text, words, write, group) {
    const names = [];
    let regex = '';
    for (let i = 0; i < text.length;) {
        const found = words.map(([name, word]) => [name, write(word)]).find(([, word]) => word !== '' && text.startsWith(word, i));
        regex += found ? group : escaped(text[i]);
        if (found)
            names.push(found[0]);
        i += found ? found[1].length : 1;
    }
    return { regex: new RegExp(`^${regex}$`, 's'), names };
}

function captured({ regex, names }, text) {
    const found = regex.exec(text);
    return found && names.map((name, i) => [name, found[i + 1]]);
}

// An answer with its person's words taken out: texts and, between them, functions of the new person.
function mouldOf(text, person, { personal_email, linkedin_url }, hints) {
    const forms = [];
    const add = (word, write) => word && forms.push([word, write]);
    add(personal_email?.value, (p) => `${slugOf(p)}@mailbox.example`);
    add((linkedin_url?.value ?? hints.linkedin_url)?.split('/').filter(Boolean).pop(), slugOf);
    add(person.domain, (p) => p.domain);
    for (const name of ['first', 'last']) {
        const word = person[name].toLowerCase();
        add(capital(word), (p) => capital(p[name].toLowerCase()));
        add(word, (p) => p[name].toLowerCase());
        add(word.toUpperCase(), (p) => p[name].toUpperCase());
    }
    forms.push(['\u0001id\u0001', (p, id) => id]);
    forms.sort((a, b) => b[0].length - a[0].length);
    const cut = new RegExp(forms.map(([word]) => escaped(word)).join('|'), 'g');
    const parts = [];
    let end = 0;
    for (const found of text.matchAll(cut)) {
        parts.push(text.slice(end, found.index), forms.find(([word]) => word === found[0])[1]);
        end = found.index + found[0].length;
    }
    return [...parts, text.slice(end)];
}

// Puts a mark in the place of what the connector keeps: {text, kept, is_number}.
function markKept(body, pointers) {
    const copy = structuredClone(body);
    for (const pointer of pointers) {
        const path = pointer.split('/').slice(1).map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
        const owner = path.slice(0, -1).reduce((value, part) => value?.[part], copy);
        const kept = owner?.[path.at(-1)];
        if (typeof kept !== 'string' && typeof kept !== 'number')
            continue;
        owner[path.at(-1)] = '\u0001id\u0001';
        const text = JSON.stringify(copy).replace(/\\u0001/g, '\u0001');
        return typeof kept === 'number'
            ? { text: text.replace('"\u0001id\u0001"', '\u0001id\u0001'), kept: String(kept), is_number: true }
            : { text, kept, is_number: false };
    }
    return { text: JSON.stringify(body), kept: null };
}

// A fixture that invented people may be put through: {steps: [{fits(request) => words, write(person, id), …}], …}.
export function mould(connector, fixture) {
    const person = personOf(fixture.ask.hints ?? {});
    if (!person)
        return null;
    if (person.isGuess) // the answer knows the company
        person.domain = fixture.expect.values?.work_email?.value.split('@')[1] ?? person.domain;
    let words = wordsOf(fixture.ask.hints);
    const wants = wantNames(connector.doc);
    const pointers = keepPointers(connector.doc);
    const steps = fixture.exchanges.map((exchange) => {
        const rest = patternOf(withoutWants(exchange.rest, wants), words, encoded, '([^&/?#]+)');
        const isForm = exchange.body !== undefined && !isJson(exchange.body);
        const body = exchange.body === undefined ? null
            : patternOf(withoutWants(exchange.body, wants), words, isForm ? encoded : (word) => JSON.stringify(word).slice(1, -1), isForm ? '([^&]+)' : '([^",}]+)');
        const marked = exchange.answer.body === undefined ? { text: exchange.answer.text ?? '', kept: null } : markKept(exchange.answer.body, pointers);
        if (marked.kept !== null)
            words = [...words, ['id', marked.kept]];
        const parts = mouldOf(marked.text, person, fixture.expect.values ?? {}, fixture.ask.hints);
        return {
            exchange, is_number: marked.is_number, keeps: marked.kept !== null,
            is_json: exchange.answer.body !== undefined,
            fits: (request) => fits(exchange, rest, body, wants, request),
            write: (p, id) => parts.map((part) => (typeof part === 'string' ? part : part(p, id))).join(''),
        };
    });
    return { fixture, steps };
}

function fits(exchange, rest, body, wants, request) {
    if (exchange.method !== request.method || exchange.host !== request.host)
        return null;
    const inUrl = captured(rest, withoutWants(request.rest, wants));
    const inBody = inUrl && body ? captured(body, withoutWants(request.body, wants)) : [];
    if (!inUrl || !inBody)
        return null;
    return Object.fromEntries([...inUrl.map(([name, word]) => [name, decodeURIComponent(word)]), ...inBody]);
}

const isJson = (text) => /^[[{"]/.test(text);

// A URL's rest, a form or canonical JSON without the parts that say which channels are wanted.
function withoutWants(text, wants) {
    if (wants.length === 0)
        return text;
    if (isJson(text))
        return canonical(JSON.parse(text, (name, value) => (wants.includes(name) ? undefined : value)));
    const [path, query] = text.includes('?') ? text.split('?') : text.startsWith('/') ? [text, null] : [null, text];
    const kept = query?.split('&').filter((part) => !wants.includes(part.split('=')[0])).join('&');
    return [path, kept].filter((part) => part !== null && part !== undefined).join('?');
}

// The body of a request in the form that patterns are made for.
export function readBody(text, type) {
    if (!/json/.test(type ?? ''))
        return text;
    try {
        return canonical(JSON.parse(text));
    } catch {
        return text;
    }
}
