// ./dev bench [NAME] [--write]: measures what docs/performance.md promises, in one run on this machine.
// Each row lives in rows/NAME.mjs and tells what it measured; nothing here passes or fails a test.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanUp } from './support/processes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const page = 'docs/performance.md';
const marks = ['<!-- bench:begin -->', '<!-- bench:end -->'];

const [name] = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const is_written = process.argv.includes('--write');

const rows = [];
for (const file of await rowFiles()) {
    const row = (await import(join(here, 'rows', file))).default;
    process.stderr.write(`measuring ${file.replace('.mjs', '')} …\n`);
    try {
        rows.push(...await row());
    } catch (problem) {
        rows.push({ what: file, measured: `failed: ${problem.message}`, promised: '', verdict: 'failed' });
        process.stderr.write(`${problem.stack}\n`);
    }
    await cleanUp();
}
console.log(table(rows));
if (is_written && !name)
    await keep(table(rows));

async function rowFiles() {
    const files = (await readdir(join(here, 'rows'))).filter((file) => file.endsWith('.mjs')).sort();
    const wanted = name ? files.filter((file) => file.includes(name)) : files;
    if (wanted.length === 0)
        throw new Error(`no row is called '${name}'; there are: ${files.map((f) => f.replace('.mjs', '')).join(', ')}`);
    return wanted;
}

function table(rows) {
    const cpu = os.cpus()[0].model.trim();
    return [
        `${os.cpus().length} × ${cpu}, Linux ${os.release()}, ${new Date().toISOString().slice(0, 10)}`,
        '',
        '| what | measured | promised | verdict |',
        '| --- | --- | --- | --- |',
        ...rows.map((row) => `| ${row.what} | ${row.measured} | ${row.promised} | ${row.verdict} |`),
    ].join('\n');
}

async function keep(text) {
    const old = await readFile(page, 'utf8').catch(() => `# Performance\n\n${marks[0]}\n${marks[1]}\n`);
    const [before, after] = [old.indexOf(marks[0]), old.indexOf(marks[1])];
    if (before < 0 || after < before)
        throw new Error(`${page} has no ${marks[0]} and ${marks[1]}`);
    await mkdir(dirname(page), { recursive: true });
    await writeFile(page, `${old.slice(0, before + marks[0].length)}\n${text}\n${old.slice(after)}`);
}
