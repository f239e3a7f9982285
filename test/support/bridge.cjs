// What `import … from '#test'` finds inside Jest: the application that the environment lent.
module.exports = globalThis.ofitecTest;
