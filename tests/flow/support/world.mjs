// A server with scripted providers in one call:
//   const { server, acme } = await world(t, { providers: { acme: { script, ...entry options } }, ...server options })
import { Server } from './server.mjs';
import { startProvider } from './provider.mjs';

export async function world(t, { providers = {}, config = {}, prepare = false, ...options } = {}) {
    const started = {};
    const entries = [];
    for (const [name, { script, ...entry }] of Object.entries(providers)) {
        started[name] = await startProvider(t, name, script);
        entries.push(started[name].entry(entry));
    }
    const full = { ...config, providers: [...entries, ...(config.providers ?? [])] };
    const server = await (prepare ? Server.prepare : Server.start)(t, { ...options, config: full });
    return { server, ...started };
}

// What was charged since the server began with `credits`.
export async function charged(server, credits = 10000) {
    const { balance } = await server.credits();
    return credits - balance;
}
