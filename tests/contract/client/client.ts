// The README's calls by a client whose types come from the contract: what is not in it does not compile.
import createClient from 'openapi-fetch';
import type { paths } from './contract.js';

declare const process: { env: Record<string, string | undefined> };

const { UNSTUCK_URL, UNSTUCK_API_KEY } = process.env;
if (UNSTUCK_URL === undefined || UNSTUCK_API_KEY === undefined)
    throw new Error('UNSTUCK_URL and UNSTUCK_API_KEY are needed');

const api = createClient<paths>({ baseUrl: UNSTUCK_URL, headers: { Authorization: `Bearer ${UNSTUCK_API_KEY}` } });

// The data, or an error with the problem's code and detail, which the contract knows too.
function must<T>({ data, error, response }: { data?: T; error?: { code: string; detail: string }; response: Response }): T {
    if (data === undefined)
        throw new Error(`${response.status} ${error?.code}: ${error?.detail}`);
    return data;
}

const chloe = {
    email: 'chloe.walker@westmarkrobotics.com',
    channels: ['work_email' as const, 'phone' as const, 'linkedin_url' as const],
};

async function enrich() {
    const answer = await api.POST('/enrichment', { body: chloe });
    const person = must(answer);
    if ('dry_run' in person)
        throw new Error('a plan, and nobody asked for one');
    return {
        record_id: person.record_id,
        work_email: person.channels.work_email?.value,
        work_email_source: person.channels.work_email?.source,
        phone: person.channels.phone,
        linkedin_url: person.channels.linkedin_url?.value,
        credits_used: person.credits_used,
        replayed: answer.response.headers.get('Idempotent-Replayed'),
    };
}

async function discover() {
    const body = { first_name: 'Chloe', last_name: 'Walker', company_domain: 'westmarkrobotics.com' };
    const person = must(await api.POST('/enrichment/discover', { body }));
    return { record_id: person.record_id };
}

async function account() {
    const company = must(await api.POST('/enrichment/account', { body: { domain: 'westmarkrobotics.com' } }));
    if ('dry_run' in company)
        throw new Error('a plan, and nobody asked for one');
    return { industry: company.fields.industry, founded: company.fields.founded_year, tech_stack: company.fields.tech_stack };
}

async function bulk() {
    const body = { records: [{ email: chloe.email }, { email: 'none' }], channels: chloe.channels };
    const answer = must(await api.POST('/enrichment/bulk', { body }));
    return answer.results.map((result) => 'error' in result ? result.error.code : result.record_id);
}

async function attempts(id: string) {
    const page = must(await api.GET('/records/{id}/attempts', { params: { path: { id } } }));
    return page.lookups.flatMap((lookup) => lookup.attempts).map((each) => `${each.channel} ${each.provider} ${each.outcome}`);
}

async function refused() {
    const { error, response } = await api.POST('/enrichment', { body: { email: 'none' } });
    return { status: response.status, code: error?.code, pointer: error?.errors?.[0]?.pointer };
}

const first = await enrich();
const answers = {
    first,
    again: await enrich(),
    discovered: await discover(),
    account: await account(),
    bulk: await bulk(),
    attempts: await attempts(first.record_id),
    credits: must(await api.GET('/credits')),
    refused: await refused(),
};
console.log(JSON.stringify(answers));
