import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface Props<P> {
  readonly load: () => Promise<ComponentType<P>>;
  readonly props: P;
}

/** A part that is loaded when somebody looks at it. */
export function Later<P extends object>({ load, props }: Props<P>) {
  const [part, setPart] = useState<{ readonly of: ComponentType<P> }>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    load().then(
      (of) => setPart({ of }),
      () => setProblem('This part of the page could not be loaded.'),
    );
  }, []);
  if (problem) return <p class="problem">{problem}</p>;
  if (part === undefined) return <p class="wait">Loading ...</p>;
  const Part = part.of;
  return <Part {...props} />;
}
