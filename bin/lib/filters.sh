# shellcheck shell=bash
# expression FILTER…: what pytest's -k takes for filters as people write them. The words of a filter are all wanted, any of the
# filters will do; a filter that says `or`, `and` or `not` itself is taken as it is.
expression() {
  local filter words=""
  for filter; do
    case " ${filter//[()]/ } " in
      *' or '* | *' and '* | *' not '*) ;;
      *) filter=${filter// / and } ;;
    esac
    words+="${words:+ or }($filter)"
  done
  printf '%s' "$words"
}
