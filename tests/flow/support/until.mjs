// Asks again until the answer is yes; for what happens after an answer, on the server's own time.
const TRIES_MAX = 20000;
const MS_MAX = 20000;

export async function until(ask) {
    const end = Date.now() + MS_MAX;
    for (let i = 0; i < TRIES_MAX && Date.now() < end; i++) {
        if (await ask())
            return;
        await new Promise((done) => setImmediate(done));
    }
    throw new Error(`it never came true: ${ask}`);
}
