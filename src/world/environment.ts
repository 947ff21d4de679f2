/** What this process was told and no other program needs to know. */
const OURS = ['IPMI_BMC_SEAL_KEY'];

/** The environment that programs inherit from this process. */
export function inherited(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const name of OURS) delete environment[name];
  return environment;
}
