/**
 * Settings and commands say seconds; whatever waits counts milliseconds. This is the only way between them.
 */
export const milliseconds = (seconds: number): number => seconds * 1000;
