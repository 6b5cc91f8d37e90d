import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { navigate } from "../../page/router";

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string };

/** A link within the console: a true one, which can be opened in a tab of its own. */
export function Link({ href, onClick, ...rest }: Props) {
  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    onClick?.(event);
    const other = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || other || event.button !== 0) return;
    event.preventDefault();
    navigate(href);
  }
  return <a href={href} onClick={follow} {...rest} />;
}
