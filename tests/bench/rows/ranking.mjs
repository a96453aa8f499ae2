// The learned order against who knows the true rates (tests/bench/ranking.c), and how long an order takes.
// With --write also the section of docs/performance.md about it, and its plot.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { row } from '../support/load.mjs';

const page = 'docs/performance.md';
const plot = 'docs/performance-ranking.svg';
const marks = ['<!-- ranking:begin -->', '<!-- ranking:end -->'];
const colours = { 'learned': '#0b6', 'learned, deterministic': '#06b', 'by price': '#b60', 'at random': '#999' };

export default async function ranking() {
    const { stdout } = await promisify(execFile)('build/release/bench/ranking', { maxBuffer: 1 << 26 });
    const result = JSON.parse(stdout);
    if (process.argv.includes('--write'))
        await keep(result);
    return [
        row('an order of 12 providers, drawn', `${result.us.toFixed(1)} µs of CPU`, 'under 5 µs', result.us < 5),
        ...result.worlds.map((world) => {
            const [learned, means, price, random] = world.policies.map((policy) => share(result, world, policy));
            return {
                what: `lost in ${result.lookups} lookups, ${world.name}`,
                measured: `${learned}; deterministic ${means}; by price ${price}; at random ${random}`,
                promised: '', verdict: 'see below',
            };
        }),
    ];
}

// Of what the best fixed order would have brought in all lookups.
function share({ lookups }, { best }, { regret }) {
    return `${(100 * regret.at(-1) / (lookups * (best[0] + best[1]) / 2)).toFixed(1)} %`;
}

function table({ lookups, worlds }) {
    const at = [0.05, 0.1, 0.25, 0.5, 1];
    const lines = [
        `| credits lost after | ${at.map((part) => lookups * part).join(' | ')} lookups | of the best order's worth |`,
        `| --- |${' ---: |'.repeat(at.length + 1)}`,
    ];
    for (const world of worlds) {
        lines.push(`| **${world.name}**: the best fixed order brings ${best(world)} a lookup |${' |'.repeat(at.length + 1)}`);
        for (const policy of world.policies) {
            const values = at.map((part) => Math.round(policy.regret[Math.ceil(part * policy.regret.length) - 1]));
            lines.push(`| ${policy.name} | ${values.join(' | ')} | ${share({ lookups }, world, policy)} |`);
        }
    }
    return lines.join('\n');
}

function best({ best: [first, then] }) {
    return first === then ? first.toFixed(2) : `${first.toFixed(2)}, then ${then.toFixed(2)}`;
}

async function keep(result) {
    const old = await readFile(page, 'utf8');
    const [before, after] = [old.indexOf(marks[0]), old.indexOf(marks[1])];
    if (before < 0 || after < before)
        throw new Error(`${page} has no ${marks[0]} and ${marks[1]}`);
    await writeFile(page, `${old.slice(0, before + marks[0].length)}\n${table(result)}\n${old.slice(after)}`);
    await writeFile(plot, svg(result));
}

// A panel for each world: credits lost so far over lookups.
function svg({ lookups, worlds }) {
    const [width, height, left, top] = [340, 220, 60, 34];
    const panels = worlds.map((world, i) =>
        `<g transform="translate(${(i % 2) * (width + left + 20)},${Math.floor(i / 2) * (height + 70)})">${panel(world)}</g>`);
    const legend = Object.entries(colours).map(([name, colour], i) =>
        `<g transform="translate(${left + 190 * i},${Math.ceil(worlds.length / 2) * (height + 70) + 20})"><path d="M0 0H28" stroke="${colour}" stroke-width="3"/>` +
        `<text x="34" y="4">${name}</text></g>`);

    function panel(world) {
        const most = Math.max(...world.policies.flatMap((policy) => policy.regret));
        const step = 10 ** Math.floor(Math.log10(most)) * (most / 10 ** Math.floor(Math.log10(most)) > 4 ? 2 : 1);
        const y = (value) => (top + height - height * value / most).toFixed(1);
        const x = (index, count) => (left + width * index / count).toFixed(1);
        const lines = world.policies.map(({ name, regret }) =>
            `<path d="M${left} ${top + height}L${regret.map((value, i) => `${x(i + 1, regret.length)} ${y(value)}`).join('L')}" ` +
            `fill="none" stroke="${colours[name]}" stroke-width="2"/>`);
        const grid = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) =>
            `<path d="M${left} ${y(i * step)}h${width}" stroke="#ddd"/><text x="${left - 6}" y="${Number(y(i * step)) + 4}" text-anchor="end">${i * step}</text>`);
        const ticks = [0, 0.5, 1].map((part) =>
            `<text x="${left + width * part}" y="${top + height + 16}" text-anchor="middle">${lookups * part}</text>`);
        return `<text x="${left}" y="${top - 12}" font-weight="bold">${world.name}</text>${grid.join('')}${ticks.join('')}${lines.join('')}`;
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * (width + left) + 40} ${Math.ceil(worlds.length / 2) * (height + 70) + 40}" ` +
        `font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${panels.join('')}${legend.join('')}</svg>\n`;
}
