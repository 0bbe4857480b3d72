export { worldSnapshot } from '../../src/sandbox/world-snapshot.ts';
