package qlik

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Data sources whose id begins with DG_ run on a data gateway, which the connection selects by its id
// (gateway tutorial). These data sources list their gateways. Those for data integration select one by
// its agentId; it is not documented whether they list any, nor whether the ids are the same.
const gatewayPrefix = "DG_"

// chosenBy returns the word for what the value of a property is the id of: a gateway, or nothing.
// anyID reports that the gateway may be one that the data source does not list.
func chosenBy(dataSource, property string) (word string, anyID bool) {
	isListed := strings.HasPrefix(dataSource, gatewayPrefix)
	if property == "agentId" || property == "gatewayInstance" && isListed {
		return "gateway", !isListed
	}
	return "", false
}

// gateways lists the gateways of data sources, with one request for each, concurrently. A data source
// whose list is refused or does not exist is among the unknown ones: it is not documented whether
// that means that there is no gateway, or that the caller may not see any.
func (s *survey) gateways(ctx context.Context, sources []string) (found []connection.Choice, unknown []string, err error) {
	lists := make([][]connection.Choice, len(sources))
	isUnknown := make([]bool, len(sources))
	group, ctx := s.readers(ctx)
	for i, source := range sources {
		group.Go(func() error {
			var wire struct {
				Gateways []struct{ ID, Name string }
			}
			err := s.client.Do(ctx, s.get(sourcesPath+"/"+url.PathEscape(source)+"/gateways", nil), &wire)
			switch {
			case errors.Is(err, connection.ErrNotFound), errors.Is(err, connection.ErrForbidden),
				errors.Is(err, connection.ErrInvalid) && !strings.HasPrefix(source, gatewayPrefix):
				isUnknown[i] = true
				return nil
			case err != nil:
				return fmt.Errorf("list the gateways of %s: %w", source, err)
			}
			for _, one := range wire.Gateways {
				if one.ID == "" || one.Name == "" {
					return fmt.Errorf("list the gateways of %s: a gateway in the answer has no id or no name", source)
				}
				lists[i] = append(lists[i], connection.Choice{DataSource: source, ID: one.ID, Name: one.Name})
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	for i, source := range sources {
		if isUnknown[i] {
			unknown = append(unknown, source)
		}
	}
	return slices.Concat(lists...), unknown, nil
}
