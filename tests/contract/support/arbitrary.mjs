// From a schema of the contract to random values: right ones, and right ones made wrong.
import fc from 'fast-check';

// What strings of these names look like when somebody means it. Nothing slow.
const meant = {
    email: fc.constantFrom('hit@sandbox.example', 'miss+a@sandbox.example', 'Chloe.Walker@westmarkrobotics.com', 'ratelimited+b@sandbox.example', 'no', 'a@b'),
    linkedin_url: fc.constantFrom('https://www.linkedin.com/in/chloewalker/?x=1', 'linkedin.com/in/nobody', 'https://linkedin.com/company/x', 'https://ex.org'),
    company_domain: fc.constantFrom('westmarkrobotics.com', 'WWW.Westmarkrobotics.com/about', 'nobody.example', '127.0.0.1', 'x'),
    domain: fc.constantFrom('westmarkrobotics.com', 'https://nobody.example/', 'localhost'),
    first_name: fc.constantFrom('Chloe', 'José', '李'),
    last_name: fc.constantFrom('Walker', 'O’Neill'),
    url: fc.constantFrom('https://169.254.169.254/', 'http://127.0.0.1:9/', 'https://[::1]/', 'ftp://8.8.8.8/', 'nonsense'),
    expires_at: fc.constantFrom('2027-01-01T00:00:00Z', '2027-01-01T00:00:00+02:00', '2020-01-01T00:00:00Z', 'soon'),
};

function ofString(schema, name) {
    const any = fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 40, 40), unit: 'grapheme' });
    return meant[name] ? fc.oneof({ weight: 4, arbitrary: meant[name] }, { weight: 1, arbitrary: any }) : any;
}

function ofObject(contract, schema) {
    const members = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, inner]) => [name, right(contract, inner, name)]));
    if (schema.properties)
        return fc.record(members, { requiredKeys: schema.required ?? [] });
    return fc.dictionary(fc.string({ maxLength: 20 }).filter((name) => name !== '__proto__'), right(contract, schema.additionalProperties), { maxKeys: schema.maxProperties });
}

// Values that fit the schema, or nearly: what only code can tell (is it an e-mail?) is left to chance.
export function right(contract, node, name) {
    const schema = contract.resolve(node);
    if (schema.enum)
        return fc.constantFrom(...schema.enum);
    switch (schema.type) {
    case 'object': return ofObject(contract, schema);
    case 'array': return (schema.uniqueItems ? fc.uniqueArray : fc.array)(right(contract, schema.items), { minLength: schema.minItems, maxLength: 4 });
    case 'string': return ofString(schema, name);
    case 'boolean': return fc.boolean();
    case 'integer': return fc.oneof(fc.integer({ min: schema.minimum, max: Math.min(schema.maximum, schema.minimum + 20) }), fc.integer({ min: schema.minimum, max: Math.min(schema.maximum, 2 ** 31 - 1) }));
    case 'number': return fc.double({ min: schema.minimum, max: schema.maximum, noNaN: true });
    default: throw new Error(`no values for ${JSON.stringify(schema)}`);
    }
}

// One thing wrong somewhere near the top.
const breaks = {
    add: (value, name, junk) => ({ ...value, [`${name}x`]: junk }),
    drop: (value, name) => Object.fromEntries(Object.entries(value).filter(([each]) => each !== name)),
    swap: (value, name, junk) => ({ ...value, [name]: junk }),
    inside: (value, name, junk) => ({ ...value, [name]: Array.isArray(value[name]) ? [...value[name], junk] : [value[name]] }),
};

export function wrong(contract, node) {
    const names = Object.keys(contract.resolve(node).properties);
    return fc.tuple(right(contract, node), fc.constantFrom(...Object.keys(breaks)), fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 }))
        .map(([value, how, name, junk]) => breaks[how](value, name, junk));
}

// A text that was JSON before somebody cut or changed a byte of it.
export function broken(contract, node) {
    return fc.tuple(right(contract, node), fc.nat(), fc.constantFrom('', '"', '{', '\\u0000', '\x00', '\xff', ',,', '1e999'))
        .map(([value, place, junk]) => {
            const bytes = Buffer.from(JSON.stringify(value));
            const at = place % bytes.length;
            return Buffer.concat([bytes.subarray(0, at), Buffer.from(junk, 'latin1'), bytes.subarray(at + 1)]);
        });
}
