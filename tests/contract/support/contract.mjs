// The contract as the server serves it, and answers held against it.
import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Server } from '../../flow/support/server.mjs';

// What HTTP itself says, and no operation.
const TRANSPORT = new Set(['date', 'connection', 'keep-alive', 'content-length', 'content-type', 'transfer-encoding']);

// Room for a few hundred requests in a minute.
export const wideLimits = { limits: { minute: 100000, bulk: 100000, day: 1000000 } };

export async function startSandbox(t, options = {}) {
    const server = await Server.start(t, { sandbox: true, config: wideLimits, ...options });
    return { server, contract: await Contract.of(server) };
}

export class Contract {
    static async of(server) {
        const { status, json } = await server.client.get('/openapi.json', { authorization: null });
        assert.equal(status, 200);
        return new Contract(json);
    }

    constructor(doc) {
        this.doc = doc;
        this.seen = new Set(); // "Schema.member" and "header: name" that answers had
        this.ajv = new Ajv2020({ strict: false, allErrors: true });
        addFormats(this.ajv);
        this.ajv.addSchema(doc, 'contract');
        this.compiled = new Map();
    }

    operations() {
        return Object.entries(this.doc.paths).flatMap(([path, methods]) =>
            Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })));
    }

    operation(method, target) {
        const path = target.split('?')[0];
        const found = this.operations().find((each) => each.method === method &&
            new RegExp(`^${each.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path));
        assert.ok(found, `${method} ${target} is not in the contract`);
        return found.operation;
    }

    resolve(node) {
        return node?.$ref ? node.$ref.slice(2).split('/').reduce((at, part) =>
            at[part.replaceAll('~1', '/').replaceAll('~0', '~')], this.doc) : node;
    }

    // Schemas of the document are compiled where they stand, so that their references hold.
    validator(schema) {
        if (!this.compiled.has(schema)) {
            const text = JSON.stringify(schema).replaceAll('"#/components', '"contract#/components');
            this.compiled.set(schema, this.ajv.compile(JSON.parse(text)));
        }
        return this.compiled.get(schema);
    }

    accepts(schema, value) {
        return this.validator(schema)(value);
    }

    // Sends it, and holds the answer against the contract.
    async ask(client, method, target, options) {
        const answer = await client.request(method, target, options);
        this.check(method, target, answer);
        return answer;
    }

    check(method, target, answer) {
        const what = `${method} ${target}: ${answer.status} ${answer.text.slice(0, 500)}`;
        const response = this.resolve(this.operation(method, target).responses[answer.status]);
        assert.ok(response, `status not in the contract: ${what}`);
        this.#checkHeaders(response, answer, what);
        const type = answer.headers['content-type'].split(';')[0];
        const content = response.content[type];
        assert.ok(content, `${type} is not in the contract: ${what}`);
        assert.equal(type === 'application/problem+json', answer.status >= 400, what);
        const value = type === 'text/plain' ? answer.text : answer.json;
        const validate = this.validator(content.schema);
        assert.ok(validate(value), `${this.ajv.errorsText(validate.errors)}: ${what}`);
        this.#see(content.schema, value);
        if (answer.status >= 400)
            assert.equal(answer.json.status, answer.status, what);
    }

    #checkHeaders(response, answer, what) {
        const documented = Object.entries(response.headers).map(([name, header]) => [name.toLowerCase(), this.resolve(header)]);
        for (const name of Object.keys(answer.headers))
            assert.ok(TRANSPORT.has(name) || documented.some(([each]) => each === name), `header ${name} is not in the contract: ${what}`);
        for (const [name, header] of documented) {
            const value = answer.headers[name];
            assert.ok(value !== undefined || !header.required, `header ${name} is missing: ${what}`);
            if (value === undefined)
                continue;
            this.seen.add(`header: ${name}`);
            assert.ok(this.accepts(header.schema, header.schema.type === 'integer' ? Number(value) : value), `header ${name}: ${value}: ${what}`);
        }
    }

    // Notes which members of which schemas the value has.
    #see(node, value) {
        const name = node.$ref?.split('/').pop();
        const schema = this.resolve(node);
        for (const branch of schema.oneOf ?? []) {
            if (this.accepts(branch, value))
                this.#see(branch, value);
        }
        if (Array.isArray(value) && schema.items)
            value.forEach((item) => this.#see(schema.items, item));
        for (const [member, inner] of Object.entries(schema.properties ?? {})) {
            if (value === null || typeof value !== 'object' || !(member in value))
                continue;
            this.seen.add(memberName(name, schema, member));
            this.#see(inner, value[member]);
        }
    }

    // All members and headers that answers may have.
    documented() {
        const all = new Set();
        const visited = new Set();
        const walk = (node) => {
            const name = node.$ref?.split('/').pop();
            const schema = this.resolve(node);
            if (visited.has(schema))
                return;
            visited.add(schema);
            (schema.oneOf ?? []).forEach(walk);
            if (schema.items)
                walk(schema.items);
            for (const [member, inner] of Object.entries(schema.properties ?? {})) {
                all.add(memberName(name, schema, member));
                walk(inner);
            }
        };
        for (const { operation } of this.operations()) {
            for (const each of Object.values(operation.responses)) {
                const response = this.resolve(each);
                Object.keys(response.headers).forEach((header) => all.add(`header: ${header.toLowerCase()}`));
                Object.values(response.content).forEach((content) => walk(content.schema));
            }
        }
        return all;
    }
}

// A schema without a name is known by its members.
function memberName(name, schema, member) {
    return `${name ?? `{${Object.keys(schema.properties).join()}}`}.${member}`;
}
