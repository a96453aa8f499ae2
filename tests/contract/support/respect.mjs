// redocly respect: workflows that others can read, run against the running server by a program that others wrote.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// Runs a file of workflows beside the contract as this server serves it. What was asked: [{method, target, status}].
export async function respect(server, contract, name, inputs) {
    const folder = join(server.folder, 'respect');
    await mkdir(folder, { recursive: true });
    await copyFile(here(`../workflows/${name}.arazzo.yaml`), join(folder, `${name}.arazzo.yaml`));
    await writeFile(join(folder, 'openapi.json'), JSON.stringify(contract.doc));
    const { code, text } = await redocly(folder, ['respect', `${name}.arazzo.yaml`, '--server', `unstuck=${server.url}`,
        '--json-output', 'asked.json', '--max-fetch-timeout', '10000', '--execution-timeout', '25000'], inputs);
    assert.equal(code, 0, text.slice(Math.max(text.indexOf('Failed tests info'), 0)).slice(0, 5000));
    const { files } = JSON.parse(await readFile(join(folder, 'asked.json'), 'utf8'));
    return Object.values(files).flatMap((file) => file.executedWorkflows).flatMap((workflow) => workflow.executedSteps)
        .map(({ request, response }) => ({
            method: request.method.toUpperCase(), target: new URL(request.url).pathname, status: response.statusCode,
        }));
}

// Inputs go by the environment: others can read a command line.
function redocly(cwd, args, inputs) {
    const env = {
        ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
        REDOCLY_CLI_RESPECT_INPUT: JSON.stringify(inputs),
    };
    return new Promise((done) => {
        const cli = ['--require', here('node18.cjs'), here('../node_modules/@redocly/cli/bin/cli.js')];
        execFile(process.execPath, [...cli, ...args], { cwd, env, maxBuffer: 1 << 24 },
            (error, stdout, stderr) => done({ code: error?.code ?? 0, text: stdout + stderr }));
    });
}
