// The page before all others: it has nothing of theirs, because nobody has logged in yet.
const form = document.querySelector<HTMLFormElement>('#form')!;
const problem = document.querySelector<HTMLElement>('#problem')!;
const parts = {
  user: document.querySelector<HTMLElement>('#as-user')!,
  token: document.querySelector<HTMLElement>('#as-token')!,
};

const kindOf = (): keyof typeof parts => (new FormData(form).get('kind') === 'token' ? 'token' : 'user');

function show(): void {
  const kind = kindOf();
  parts.user.hidden = kind !== 'user';
  parts.token.hidden = kind !== 'token';
}

const textOf = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value : '');

function given(): Record<string, string> {
  const data = new FormData(form);
  const names = kindOf() === 'token' ? ['token'] : ['user', 'password', 'bmc'];
  return Object.fromEntries(names.map((name) => [name, textOf(data.get(name))]));
}

async function logIn(): Promise<void> {
  problem.textContent = '';
  const response = await fetch('/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(given()),
  });
  if (response.ok) {
    const { hash } = location;
    location.replace(`/${hash}`);
    return;
  }
  const { detail } = (await response.json()) as { detail?: string };
  problem.textContent = `Not logged in: ${detail ?? response.statusText}`;
}

form.addEventListener('change', show);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  logIn().catch(() => {
    problem.textContent = 'Not logged in: the server does not answer';
  });
});
show();
form.querySelector<HTMLInputElement>('input[name=user]')?.focus();
