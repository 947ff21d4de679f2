export const linkTo = (bmc: string, tab = 'overview'): string => `#/bmc/${encodeURIComponent(bmc)}/${tab}`;
