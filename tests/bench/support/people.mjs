// A CSV of made-up people, and data folders that know them, kept between runs in build/bench-cache.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { BOTH_CORES, startServer, stopServer } from './processes.mjs';
import { balance, DOMAIN, wrk } from './load.mjs';

const cache = resolve('build/bench-cache');

// More than any measurement asks for: whoever is not in the file leaves no charge.
export const PEOPLE = 1200000;

// A dataset provider that knows p1 to pCOUNT.
export async function dataset(count) {
    const file = `${cache}/people-${count}.csv`;
    await mkdir(cache, { recursive: true });
    if (!await stat(file).catch(() => null)) {
        const out = createWriteStream(`${file}.tmp`);
        out.write('email,first_name\n');
        for (let i = 1; i <= count; i++) {
            if (!out.write(`p${i}@${DOMAIN},p${i}\n`))
                await once(out, 'drain');
        }
        out.end();
        await once(out, 'close');
        await rename(`${file}.tmp`, file);
    }
    return { name: 'People', kind: 'dataset', file, prices: { work_email: 1 } };
}

// A folder of at least `count` records, filled through the API. Made once for each schema.
export async function filledFolder(count) {
    const schema = createHash('sha256').update(await readFile('src/store/schema.c')).digest('hex').slice(0, 8);
    const folder = `${cache}/records-${count}-${schema}`;
    if (await stat(`${folder}.done`).catch(() => null))
        return folder;
    for (const suffix of ['', '.key', '.json'])
        await rm(folder + suffix, { recursive: true, force: true });
    const server = await startServer({ data: folder, cores: BOTH_CORES, config: { providers: [await dataset(PEOPLE)] } });
    const before = await balance(server);
    for (let made = 0; made < count;) {
        const { failed } = await wrk({ ...server, first: made, connections: 256, cores: BOTH_CORES, seconds: seconds(count - made) });
        const now = before - await balance(server);
        if (failed > 0 || now === made)
            throw new Error(`filling stopped at ${now} records, ${failed} lookups failed`);
        made = now;
        process.stderr.write(`  ${made} of ${count} records\n`);
    }
    await stopServer(server);
    await writeFile(`${folder}.done`, '');
    return folder;
}

const seconds = (left) => Math.max(1, Math.min(20, Math.floor(left / 20000)));
