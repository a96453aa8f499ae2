// redocly respect asks for Node 20; these are what Node 18 lacks of it.
globalThis.File ??= require('node:buffer').File;
String.prototype.isWellFormed ??= function isWellFormed() {
    return !/\p{Surrogate}/u.test(this);
};
String.prototype.toWellFormed ??= function toWellFormed() {
    return this.replace(/\p{Surrogate}/gu, '\ufffd');
};
